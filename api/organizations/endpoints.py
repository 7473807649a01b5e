"""`/api/v1/organizations`: the own company and its members."""

from uuid import UUID

from api.auth.errors import LoginEnded, TokenExpired, TokenInvalid
from api.dependencies import CurrentUser, PlatformWriteSession, ReadSession, Resources
from api.errors import LoginRequired, problem_responses
from api.organizations import service
from api.organizations.errors import (
    LastOwner,
    MemberClosedByPlatform,
    MemberNotFound,
    OperatorNotChangeable,
    OwnerRequired,
)
from api.organizations.invitation.endpoints import ROUTERS as INVITATION_ROUTERS
from api.organizations.owner import RequireOwner
from api.organizations.schemas import MemberChange, MemberDetail, OrganizationChange, OrganizationDetail
from api.pagination import PAGE_SIZE_DEFAULT, Cursor, Limit
from api.routing import feature_router
from api.schema import Page

router = feature_router("organizations", LoginRequired, TokenInvalid, TokenExpired, LoginEnded)

ROUTERS = (router, *INVITATION_ROUTERS)


@router.get("/me", summary="Your organization")
async def find(user: CurrentUser, session: ReadSession) -> OrganizationDetail:
    """The company you act for."""
    return await service.find(session, user.organization_id)


@router.patch("/me", summary="Rename your organization", responses=problem_responses(OwnerRequired))
async def rename(
    wanted: OrganizationChange, owner: RequireOwner, session: PlatformWriteSession, resources: Resources
) -> OrganizationDetail:
    """Buyers see the new name at once; figures have it from the next pipeline run on."""
    return await service.rename(session, resources, owner, wanted)


@router.get("/me/members", summary="Who belongs to your organization")
async def list_members(
    user: CurrentUser, session: ReadSession, cursor: Cursor = None, limit: Limit = PAGE_SIZE_DEFAULT
) -> Page[MemberDetail]:
    """Users who can log in, or could before they were deactivated."""
    return await service.list_members(session, user, cursor=cursor, limit=limit)


@router.patch(
    "/me/members/{user_id}",
    summary="Change a member",
    responses=problem_responses(
        OwnerRequired, MemberNotFound, OperatorNotChangeable, MemberClosedByPlatform, LastOwner
    ),
)
async def change_member(
    user_id: UUID, wanted: MemberChange, owner: RequireOwner, session: PlatformWriteSession, resources: Resources
) -> MemberDetail:
    """Another role, or `is_active: false`, ends every session of the member at once."""
    return await service.change_member(session, resources, owner, user_id, wanted)
