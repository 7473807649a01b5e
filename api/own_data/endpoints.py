"""`/api/v1/auth/me`: your own data; and what operators do for others."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, status
from fastapi.responses import StreamingResponse

from api.admin.errors import LastOperator
from api.auth.errors import TokenExpired, TokenInvalid
from api.auth.recovery.errors import PasswordWrong
from api.dependencies import CurrentUser, ReadSession, RequireAdmin, Resources, WriteSession
from api.errors import LoginRequired, RoleNotAllowed, problem_responses
from api.own_data.erasure import erase, erase_me, list_erasures
from api.own_data.errors import ExportsBusy, UserErased
from api.own_data.export import note_export, require_place, write_export
from api.own_data.schemas import EraseMe, EraseUser, ErasureDetail
from api.pagination import PAGE_SIZE_DEFAULT, Cursor, Limit
from api.rate_limit.errors import LoginClosed
from api.rate_limit.policy import EXPORTS
from api.routing import feature_router, limited
from api.schema import Page
from api.sent_file import send_file

router = feature_router("auth", LoginRequired, TokenInvalid, TokenExpired)
admin_router = feature_router("admin", LoginRequired, RoleNotAllowed)

ROUTERS = (router, admin_router)

NDJSON = "application/x-ndjson"


@router.get(
    "/me/export",
    summary="Everything the platform holds about you",
    response_class=StreamingResponse,
    responses={
        200: {"description": "One JSON object a line: `kind` and `data`", "content": {NDJSON: {"schema": {}}}},
        **problem_responses(ExportsBusy),
    },
)
@limited(EXPORTS)
async def export_me(user: CurrentUser, resources: Resources) -> StreamingResponse:
    """Your account, orders and what they granted, reviews, events, mails, and what the audit log says of you.

    Also what was done on your devices before you logged in. A device that others were seen on too, or whose id can be
    guessed, is left out; lines of the kind `devices` say so. What others wrote of your e-mail is in it when
    you have verified that.
    """
    require_place(resources)
    await note_export(resources, user)
    file = await write_export(resources, user)
    return send_file(file, name=f"export-{user.user_id}.ndjson", media_type=NDJSON)


@router.delete(
    "/me",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Erase yourself",
    responses=problem_responses(PasswordWrong, LastOperator, LoginClosed),
)
async def delete_me(wanted: EraseMe, user: CurrentUser, resources: Resources, request: Request) -> ErasureDetail:
    """Can't be undone. Your account is gone at once. Your organization keeps its orders, which name you no longer.

    What others wrote of your e-mail goes when you have verified that.
    """
    # A password can be guessed here as well: it counts with the log-ins of the account.
    await resources.limiter.admit_credentials(request.scope, "login", user.email)
    return await erase_me(resources, user, wanted.password)


@admin_router.post(
    "/users/{user_id}/erase",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Erase a person who asked for it",
    responses=problem_responses(UserErased, LastOperator),
)
async def erase_user(
    user_id: UUID, wanted: EraseUser, _: RequireAdmin, session: WriteSession, resources: Resources
) -> ErasureDetail:
    """As if the user had done it, and had verified the e-mail: make sure first that it is the user who asks."""
    return await erase(session, resources, user_id, requested_by="operator", reason=wanted.reason)


@admin_router.get("/erasures", summary="Erasures, done and to be done")
async def list_all(
    _: RequireAdmin,
    session: ReadSession,
    is_open: Annotated[bool | None, Query(description="Whether something is left to do")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE_DEFAULT,
) -> Page[ErasureDetail]:
    """The newest first. `remaining` says where something of the person was still found."""
    return await list_erasures(session, is_open=is_open, cursor=cursor, limit=limit)
