"""`/api/v1/organizations/me/invitations` and `/api/v1/auth/invitations`."""

from uuid import UUID

from fastapi import Request, status

from api.auth.account.errors import EmailAlreadyRegistered, PasswordTooCommon, PasswordTooShort
from api.auth.account.schemas import Registered
from api.auth.errors import LoginEnded, TokenExpired, TokenInvalid
from api.auth.link.errors import LinkInvalid
from api.dependencies import Origin, PlatformWriteSession, ReadSession, Resources
from api.errors import LoginRequired, problem_responses
from api.organizations.errors import OwnerRequired
from api.organizations.invitation import service
from api.organizations.invitation.errors import (
    EmailNotInvitable,
    InvitationAlreadyOpen,
    InvitationNotFound,
    TooManyInvitations,
)
from api.organizations.invitation.schemas import InvitationAcceptance, InvitationBody, InvitationDetail
from api.organizations.owner import RequireOwner
from api.pagination import PAGE_SIZE_DEFAULT, Cursor, Limit
from api.rate_limit.errors import LoginClosed
from api.routing import feature_router
from api.schema import Page

router = feature_router("organizations", LoginRequired, TokenInvalid, TokenExpired, LoginEnded, OwnerRequired)
auth_router = feature_router("auth")

ROUTERS = (router, auth_router)


@router.post(
    "/me/invitations",
    status_code=status.HTTP_201_CREATED,
    summary="Invite somebody to your organization",
    responses=problem_responses(EmailNotInvitable, InvitationAlreadyOpen, TooManyInvitations, LoginClosed),
)
async def invite(
    wanted: InvitationBody, owner: RequireOwner, session: PlatformWriteSession, resources: Resources, request: Request
) -> InvitationDetail:
    """By a mail with a link that is good for seven days, once."""
    await resources.limiter.admit_credentials(request.scope, "invitation", str(owner.organization_id))
    return await service.invite(session, resources, owner, wanted)


@router.get("/me/invitations", summary="Who is invited and did not answer yet")
async def list_open(
    owner: RequireOwner, session: ReadSession, cursor: Cursor = None, limit: Limit = PAGE_SIZE_DEFAULT
) -> Page[InvitationDetail]:
    """The newest first. One that has expired can be sent again."""
    return await service.list_open(session, owner, cursor=cursor, limit=limit)


@router.post(
    "/me/invitations/{invitation_id}/resend",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Send an invitation again",
    responses=problem_responses(InvitationNotFound, LoginClosed),
)
async def send_again(
    invitation_id: UUID, owner: RequireOwner, session: PlatformWriteSession, resources: Resources, request: Request
) -> InvitationDetail:
    """The link in the new mail takes the place of the earlier one."""
    await resources.limiter.admit_credentials(request.scope, "invitation", str(owner.organization_id))
    return await service.send_again(session, resources, owner, invitation_id)


@router.delete(
    "/me/invitations/{invitation_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Revoke an invitation",
    responses=problem_responses(InvitationNotFound),
)
async def revoke(invitation_id: UUID, owner: RequireOwner, session: PlatformWriteSession) -> None:
    """From now on its link leads nowhere."""
    await service.revoke(session, owner, invitation_id)


@auth_router.post(
    "/invitations/accept",
    status_code=status.HTTP_201_CREATED,
    summary="Accept an invitation",
    responses=problem_responses(LinkInvalid, EmailAlreadyRegistered, PasswordTooShort, PasswordTooCommon, LoginClosed),
)
async def accept(wanted: InvitationAcceptance, resources: Resources, request: Request, origin: Origin) -> Registered:
    """With the token of the link in the mail and a password of one's own. The answer holds tokens as a log-in does."""
    await resources.limiter.admit_credentials(request.scope, "invitation", wanted.token)
    return await service.accept(resources, wanted, origin)
