"""Using prompts: looking at their page, reading their versions, rendering them."""

from uuid import UUID

from api.auth.identity import Identity
from api.database import AsyncReadSession
from api.pagination import decode_cursor, encode_cursor, read_number
from api.prompts import repository
from api.prompts.errors import (
    PromptNotFound,
    PromptNotPurchased,
    PromptVersionNotFound,
    RenderedTextTooLong,
    TemplateVariablesMissing,
)
from api.prompts.schemas import RENDERED_MAX_LENGTH, PromptDetail, Rendered, RenderRequest, VersionDetail
from api.prompts.service import current_template, detail
from api.prompts.template import RenderedTooLong, VariablesMissing, render
from api.schema import Page
from api.tracker import Tracker


async def view(session: AsyncReadSession, tracker: Tracker, user: Identity | None, prompt_id: UUID) -> PromptDetail:
    """A prompt's page, counted as viewed unless its own seller looks. Raises `PromptNotFound`."""
    sight = await _find(session, user, prompt_id)
    template = await current_template(session, sight.prompt) if sight.is_accessible else None
    if user is None or user.organization_id != sight.prompt.seller_organization_id:
        tracker.record("prompt.viewed", {}, prompt_id=prompt_id)
    return detail(sight, template)


async def list_versions(
    session: AsyncReadSession, user: Identity, prompt_id: UUID, *, cursor: str | None, limit: int
) -> Page[VersionDetail]:
    """The versions, the newest first; for those who did not buy, without texts and notes. Raises `PromptNotFound`."""
    sight = await _find(session, user, prompt_id)
    list_versions = repository.list_versions if sight.is_accessible else repository.list_version_numbers
    rows = await list_versions(session, prompt_id, below=_version_cursor(cursor), limit=limit + 1)
    page = rows[:limit]
    items = [VersionDetail.model_validate(row) for row in page]
    next_cursor = encode_cursor(str(page[-1].version)) if len(rows) > limit else None
    return Page(items=items, next_cursor=next_cursor)


def _version_cursor(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    return read_number(decode_cursor(cursor, 1)[0])


async def render_prompt(
    session: AsyncReadSession, tracker: Tracker, user: Identity, prompt_id: UUID, request: RenderRequest
) -> Rendered:
    """The text with the values in it.

    Raises `PromptNotFound`, `PromptNotPurchased`, `PromptVersionNotFound`, `TemplateVariablesMissing` or
    `RenderedTextTooLong`.
    """
    sight = await _find(session, user, prompt_id)
    if not sight.is_accessible:
        raise PromptNotPurchased(prompt_id)
    number = sight.prompt.current_version if request.version is None else request.version
    version = await repository.find_version(session, prompt_id, number)
    if version is None:
        raise PromptVersionNotFound(prompt_id, number)
    try:
        text = render(version.template, request.variables, max_length=RENDERED_MAX_LENGTH)
    except VariablesMissing as missing:
        raise TemplateVariablesMissing(prompt_id, missing.names) from None
    except RenderedTooLong as too_long:
        raise RenderedTextTooLong(prompt_id, too_long.max_length) from None
    tracker.record("prompt.rendered", {"version": number}, prompt_id=prompt_id)
    return Rendered(prompt_id=prompt_id, version=number, text=text)


async def _find(session: AsyncReadSession, user: Identity | None, prompt_id: UUID) -> repository.Sight:
    sight = await repository.find_visible(session, prompt_id, user.organization_id if user else None)
    if sight is None:
        raise PromptNotFound(prompt_id)
    return sight
