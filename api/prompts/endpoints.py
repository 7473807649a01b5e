"""`/api/v1/prompts`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from api.auth.recovery.errors import EmailNotVerified
from api.auth.recovery.requirement import VERIFIED_EMAIL
from api.cached_answer import NOT_MODIFIED
from api.dependencies import OptionalUser, ReadPrompts, ReadSession, RenderPrompts, Tracker, WritePrompts, WriteSession
from api.errors import LoginRequired, RoleNotAllowed, problem_responses
from api.etag import PreconditionFailed
from api.pagination import PAGE_SIZE_DEFAULT, Cursor, Limit
from api.prompts import service, usage
from api.prompts.condition import IfNoneMatch, Unchanged, page_or_not_modified, tag
from api.prompts.errors import PromptNotDeletable, PromptNotFound, PromptNotPurchased, PromptTakenDown
from api.prompts.schemas import (
    NewPrompt,
    NewVersion,
    PromptChange,
    PromptDetail,
    PromptSummary,
    Rendered,
    RenderRequest,
    Status,
    TemplateCheck,
    TemplateReport,
    VersionDetail,
)
from api.routing import feature_router, repeatable
from api.schema import Page

router = feature_router("prompts")

SELLER_ERRORS = problem_responses(LoginRequired, RoleNotAllowed, PromptNotFound)
CHANGE_ERRORS = SELLER_ERRORS | problem_responses(PreconditionFailed)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Create a draft",
    responses=problem_responses(LoginRequired, RoleNotAllowed),
)
async def create(new: NewPrompt, user: WritePrompts, session: WriteSession, response: Response) -> PromptDetail:
    """Only the seller sees it until it is published."""
    return tag(response, await service.create(session, user, new))


@router.get("", summary="The prompts of your organization", responses=problem_responses(LoginRequired))
async def list_own(
    user: ReadPrompts,
    session: ReadSession,
    status: Annotated[Status | None, Query(description="Only those with this status")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE_DEFAULT,
) -> Page[PromptSummary]:
    """The newest first."""
    return await service.list_own(session, user, status=status, cursor=cursor, limit=limit)


@router.get(
    "/{prompt_id}",
    summary="A prompt's page",
    response_model=PromptDetail,
    responses=problem_responses(PromptNotFound) | NOT_MODIFIED,
)
async def view(
    prompt_id: UUID,
    user: OptionalUser,
    session: ReadSession,
    tracker: Tracker,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> PromptDetail | Response:
    """Public for published prompts; the text is for the seller and for organizations that bought it."""
    page = await usage.view(session, tracker, user, prompt_id)
    return page_or_not_modified(response, page, if_none_match)


@router.patch("/{prompt_id}", summary="Change a listing", responses=CHANGE_ERRORS)
async def change(
    prompt_id: UUID, wanted: PromptChange, user: WritePrompts, session: WriteSession, response: Response, _: Unchanged
) -> PromptDetail:
    """Fields that are left out stay as they are."""
    return tag(response, await service.change(session, user, prompt_id, wanted))


@router.delete(
    "/{prompt_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a draft",
    responses=CHANGE_ERRORS | problem_responses(PromptNotDeletable),
)
async def delete(prompt_id: UUID, user: WritePrompts, session: WriteSession, _: Unchanged) -> None:
    """What was published or ordered can be archived, not deleted."""
    await service.delete(session, user, prompt_id)


@router.post(
    "/{prompt_id}/versions",
    status_code=status.HTTP_201_CREATED,
    summary="Add a version",
    responses=CHANGE_ERRORS,
)
async def add_version(
    prompt_id: UUID, new: NewVersion, user: WritePrompts, session: WriteSession, _: Unchanged
) -> VersionDetail:
    """Current from now on, for earlier buyers too. Older versions never change."""
    return await service.add_version(session, user, prompt_id, new)


@router.get("/{prompt_id}/versions", summary="Versions", responses=problem_responses(LoginRequired, PromptNotFound))
async def list_versions(
    prompt_id: UUID,
    user: ReadPrompts,
    session: ReadSession,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE_DEFAULT,
) -> Page[VersionDetail]:
    """The newest first; texts and notes are for the seller and for organizations that bought it."""
    return await usage.list_versions(session, user, prompt_id, cursor=cursor, limit=limit)


@router.post(
    "/{prompt_id}/publish",
    summary="Put a prompt on the market",
    dependencies=[VERIFIED_EMAIL],
    responses=CHANGE_ERRORS | problem_responses(RoleNotAllowed, EmailNotVerified, PromptTakenDown),
)
async def publish(
    prompt_id: UUID, user: WritePrompts, session: WriteSession, response: Response, _: Unchanged
) -> PromptDetail:
    """Publishing a published prompt changes nothing."""
    return tag(response, await service.publish(session, user, prompt_id))


@router.post("/{prompt_id}/archive", summary="Take a prompt off the market", responses=CHANGE_ERRORS)
async def archive(
    prompt_id: UUID, user: WritePrompts, session: WriteSession, response: Response, _: Unchanged
) -> PromptDetail:
    """Organizations that bought it keep it. Publishing brings it back."""
    return tag(response, await service.archive(session, user, prompt_id))


@router.post("/{prompt_id}/validate", summary="Look at a template without saving it", responses=SELLER_ERRORS)
@repeatable
async def validate(
    prompt_id: UUID, user: WritePrompts, session: ReadSession, check: TemplateCheck | None = None
) -> TemplateReport:
    """Its variables, and what in it is probably not meant."""
    return await service.check_template(session, user, prompt_id, check.template if check else None)


@router.post(
    "/{prompt_id}/render",
    summary="Fill in the variables",
    responses=problem_responses(LoginRequired, PromptNotPurchased, PromptNotFound),
)
@repeatable
async def render(
    prompt_id: UUID, user: RenderPrompts, session: ReadSession, tracker: Tracker, request: RenderRequest | None = None
) -> Rendered:
    """Values are put in as they are and nothing is evaluated."""
    return await usage.render_prompt(session, tracker, user, prompt_id, request or RenderRequest())
