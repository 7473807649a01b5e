"""Changes on condition that a prompt is still as its seller last read it (`If-Match`), and pages sent once (`ETag`)."""

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Response

from api.dependencies import WritePrompts, WriteSession
from api.etag import matches_any, require_match
from api.prompts import service
from api.prompts.schemas import PromptDetail

NOT_MODIFIED = 304
IfMatch = Annotated[str | None, Header(description="Do it only if the prompt still has this ETag; else 412")]
IfNoneMatch = Annotated[str | None, Header(description="Answer 304 if the page still has this ETag")]


def etag_of(page: PromptDetail) -> str:
    """The tag of a page: of all that is on it, so that it differs for those who may not see the text."""
    return f'"{hashlib.sha256(page.model_dump_json().encode()).hexdigest()[:32]}"'


def tag(response: Response, page: PromptDetail) -> PromptDetail:
    """Put the tag of a page on its answer."""
    response.headers["ETag"] = etag_of(page)
    return page


def page_or_not_modified(response: Response, page: PromptDetail, if_none_match: str | None) -> PromptDetail | Response:
    """The page; or 304 to who has it. A cache asks again each time, and keeps it for the same caller alone."""
    headers = {"ETag": etag_of(page), "Cache-Control": "private, no-cache", "Vary": "Authorization, X-API-Key"}
    if if_none_match is not None and matches_any(if_none_match, headers["ETag"]):
        return Response(status_code=NOT_MODIFIED, headers=headers)
    response.headers.update(headers)
    return page


async def require_unchanged(
    prompt_id: UUID, user: WritePrompts, session: WriteSession, if_match: IfMatch = None
) -> None:
    """Lock the prompt and compare its tag. Raises `PreconditionFailed`, or `PromptNotFound`."""
    if if_match is not None:
        require_match(if_match, etag_of(await service.lock_page(session, user, prompt_id)))


Unchanged = Annotated[None, Depends(require_unchanged)]
