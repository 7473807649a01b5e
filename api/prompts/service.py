"""Selling prompts: listing them, changing them, and what becomes of them."""

from datetime import UTC, datetime
from uuid import UUID

from api.audit import AuditedObject, record
from api.auth.identity import Identity
from api.database import AsyncReadSession, AsyncWriteSession
from api.models import Prompt, PromptVersion
from api.moderation.repository import find_takedown
from api.pagination import decode_id_cursor, encode_cursor
from api.prompts import repository
from api.prompts.errors import PriceBelowMinimum, PromptNotDeletable, PromptNotFound, PromptTakenDown
from api.prompts.schemas import (
    NewPrompt,
    NewVersion,
    PromptChange,
    PromptDetail,
    PromptSummary,
    Status,
    TemplateFinding,
    TemplateReport,
    TemplateVariable,
    VersionDetail,
)
from api.prompts.template import find_problems, find_variables
from api.schema import Page
from warehouse.currencies import is_chargeable


async def create(session: AsyncWriteSession, user: Identity, new: NewPrompt) -> PromptDetail:
    """A new draft of the user's organization, with its first version."""
    prompt = Prompt(
        seller_organization_id=user.organization_id,
        created_by_user_id=user.user_id,
        **new.model_dump(exclude={"template"}),
    )
    session.add(prompt)
    await session.flush()
    session.add(_version(prompt, 1, new.template, note=None, user=user))
    return await _owner_detail(session, prompt, new.template)


def _version(prompt: Prompt, number: int, template: str, *, note: str | None, user: Identity) -> PromptVersion:
    return PromptVersion(
        prompt_id=prompt.id,
        version=number,
        template=template,
        variables=[variable.name for variable in find_variables(template)],
        change_note=note,
        created_by_user_id=user.user_id,
    )


async def list_own(
    session: AsyncReadSession, user: Identity, *, status: Status | None, cursor: str | None, limit: int
) -> Page[PromptSummary]:
    """The prompts the user's organization sells, the newest first."""
    before = decode_id_cursor(cursor)
    rows = await repository.list_owned(session, user.organization_id, status=status, before=before, limit=limit + 1)
    page = rows[:limit]
    return Page(
        items=[PromptSummary.model_validate(row) for row in page],
        next_cursor=encode_cursor(str(page[-1].id)) if len(rows) > limit else None,
    )


async def change(session: AsyncWriteSession, user: Identity, prompt_id: UUID, wanted: PromptChange) -> PromptDetail:
    """Change the listing. Raises `PromptNotFound`, and `PriceBelowMinimum` of a prompt on the market."""
    prompt = await _lock(session, user, prompt_id)
    before = _price(prompt)
    for name in wanted.model_fields_set:
        setattr(prompt, name, getattr(wanted, name))
    if prompt.status == "published":
        _check_price(prompt)
    if _price(prompt) != before:
        await record(session, "prompt.repriced", _audited(prompt), old=before, new=_price(prompt))
    return await _owner_detail(session, prompt)


async def delete(session: AsyncWriteSession, user: Identity, prompt_id: UUID) -> None:
    """Delete a draft nobody ordered. Raises `PromptNotFound` or `PromptNotDeletable`."""
    prompt = await _lock(session, user, prompt_id)
    if prompt.status != "draft":
        raise PromptNotDeletable(prompt_id, f"The prompt is {prompt.status}")
    if await repository.has_orders(session, prompt_id):
        raise PromptNotDeletable(prompt_id, "The prompt has orders")
    await repository.delete_prompt(session, prompt)


async def add_version(session: AsyncWriteSession, user: Identity, prompt_id: UUID, new: NewVersion) -> VersionDetail:
    """A new text, current from now on; older versions stay as they are. Raises `PromptNotFound`."""
    prompt = await _lock(session, user, prompt_id)
    prompt.current_version += 1
    version = _version(prompt, prompt.current_version, new.template, note=new.change_note, user=user)
    session.add(version)
    await session.flush()
    await session.refresh(version)
    return VersionDetail.model_validate(version)


async def publish(session: AsyncWriteSession, user: Identity, prompt_id: UUID) -> PromptDetail:
    """Put the prompt on the market. It keeps the date it first came there.

    Raises `PromptNotFound`, `PromptTakenDown` or `PriceBelowMinimum`.
    """
    prompt = await _lock(session, user, prompt_id)
    takedown = await find_takedown(session, prompt_id)
    if takedown is not None:
        raise PromptTakenDown(prompt_id, takedown)
    _check_price(prompt)
    if prompt.status != "published":
        prompt.status = "published"
        prompt.published_at = prompt.published_at or datetime.now(UTC)
    return await _owner_detail(session, prompt)


async def archive(session: AsyncWriteSession, user: Identity, prompt_id: UUID) -> PromptDetail:
    """Take the prompt off the market; who bought it keeps it. Raises `PromptNotFound`."""
    prompt = await _lock(session, user, prompt_id)
    prompt.status = "archived"
    return await _owner_detail(session, prompt)


async def lock_page(session: AsyncWriteSession, user: Identity, prompt_id: UUID) -> PromptDetail:
    """The page as its seller sees it; nobody else changes it until the unit of work ends. Raises `PromptNotFound`."""
    return await _owner_detail(session, await _lock(session, user, prompt_id))


async def check_template(
    session: AsyncReadSession, user: Identity, prompt_id: UUID, template: str | None
) -> TemplateReport:
    """What a text, or the current version's, holds and what in it is probably not meant. Raises `PromptNotFound`."""
    prompt = await repository.find_owned(session, prompt_id, user.organization_id)
    if prompt is None:
        raise PromptNotFound(prompt_id)
    text = await current_template(session, prompt) if template is None else template
    problems = find_problems(text)
    return TemplateReport(
        is_valid=all(problem.severity != "error" for problem in problems),
        variables=[TemplateVariable.of(variable) for variable in find_variables(text)],
        problems=[TemplateFinding.model_validate(problem) for problem in problems],
    )


async def current_template(session: AsyncReadSession | AsyncWriteSession, prompt: Prompt) -> str:
    """The text of a prompt's current version."""
    version = await repository.find_version(session, prompt.id, prompt.current_version)
    assert version is not None, f"a prompt has its current version: {prompt.id}"
    return version.template


def detail(sight: repository.Sight, template: str | None) -> PromptDetail:
    """A prompt's page, with the text when there is one to show."""
    summary = PromptSummary.model_validate(sight.prompt)
    return PromptDetail(
        **summary.model_dump(),
        seller_name=sight.seller_name,
        is_accessible=sight.is_accessible,
        template=template,
        variables=None if template is None else [TemplateVariable.of(each) for each in find_variables(template)],
    )


def _check_price(prompt: Prompt) -> None:
    if not is_chargeable(prompt.price_cents, prompt.currency):
        raise PriceBelowMinimum(prompt.id, prompt.price_cents, prompt.currency)


def _price(prompt: Prompt) -> dict[str, int | str]:
    return {"price_cents": prompt.price_cents, "currency": prompt.currency}


def _audited(prompt: Prompt) -> AuditedObject:
    return AuditedObject("prompt", prompt.id, prompt.seller_organization_id)


async def _lock(session: AsyncWriteSession, user: Identity, prompt_id: UUID) -> Prompt:
    prompt = await repository.lock_owned(session, prompt_id, user.organization_id)
    if prompt is None:
        raise PromptNotFound(prompt_id)
    return prompt


async def _owner_detail(session: AsyncWriteSession, prompt: Prompt, template: str | None = None) -> PromptDetail:
    """The page as its seller sees it, with what the database made of the change."""
    await session.flush()
    await session.refresh(prompt)
    name = await repository.seller_name(session, prompt.seller_organization_id)
    text = await current_template(session, prompt) if template is None else template
    return detail(repository.Sight(prompt, name, is_accessible=True), text)
