"""`/api/v1/admin`: users and organizations."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.admin import service
from api.admin.errors import (
    LastOperator,
    OrganizationNotFound,
    OwnAccountNotChangeable,
    UserHasNoLogin,
    UserNotFound,
)
from api.admin.schemas import AdminOrganization, AdminUser, Reason, RoleChange, Words
from api.auth.identity import Role
from api.dependencies import ReadSession, RequireAdmin, Resources, WriteSession
from api.errors import LoginRequired, RoleNotAllowed, problem_responses
from api.pagination import PAGE_SIZE_DEFAULT, Cursor, Limit
from api.routing import feature_router
from api.schema import Page

router = feature_router("admin", LoginRequired, RoleNotAllowed)

Search = Annotated[Words | None, Query()]


@router.get("/users", summary="All users")
async def list_users(
    _: RequireAdmin,
    session: ReadSession,
    q: Search = None,
    role: Role | None = None,
    is_active: bool | None = None,
    organization_id: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE_DEFAULT,
) -> Page[AdminUser]:
    """The newest first."""
    return await service.list_users(
        session, q=q, role=role, is_active=is_active, organization_id=organization_id, cursor=cursor, limit=limit
    )


@router.get("/users/{user_id}", summary="A user", responses=problem_responses(UserNotFound))
async def find_user(user_id: UUID, _: RequireAdmin, session: ReadSession) -> AdminUser:
    """With its organization."""
    return await service.find_user(session, user_id)


@router.post(
    "/users/{user_id}/deactivate",
    summary="Close an account",
    responses=problem_responses(UserNotFound, OwnAccountNotChangeable, LastOperator),
)
async def deactivate(
    user_id: UUID, wanted: Reason, user: RequireAdmin, session: WriteSession, resources: Resources
) -> AdminUser:
    """The user can't log in any more; its sessions end at once."""
    return await service.set_active(session, resources, user, user_id, is_active=False, reason=wanted.reason)


@router.post(
    "/users/{user_id}/reactivate",
    summary="Open a closed account again",
    responses=problem_responses(UserNotFound, OwnAccountNotChangeable, UserHasNoLogin),
)
async def reactivate(
    user_id: UUID, wanted: Reason, user: RequireAdmin, session: WriteSession, resources: Resources
) -> AdminUser:
    """The user can log in again."""
    return await service.set_active(session, resources, user, user_id, is_active=True, reason=wanted.reason)


@router.post(
    "/users/{user_id}/role",
    summary="Change what a user may do",
    responses=problem_responses(UserNotFound, OwnAccountNotChangeable, LastOperator),
)
async def change_role(
    user_id: UUID, wanted: RoleChange, user: RequireAdmin, session: WriteSession, resources: Resources
) -> AdminUser:
    """Ends the user's sessions: the next log-in is with the new role."""
    return await service.change_role(session, resources, user, user_id, role=wanted.role, reason=wanted.reason)


@router.get("/organizations", summary="All organizations")
async def list_organizations(
    _: RequireAdmin, session: ReadSession, q: Search = None, cursor: Cursor = None, limit: Limit = PAGE_SIZE_DEFAULT
) -> Page[AdminOrganization]:
    """The newest first."""
    return await service.list_organizations(session, q=q, cursor=cursor, limit=limit)


@router.get(
    "/organizations/{organization_id}", summary="An organization", responses=problem_responses(OrganizationNotFound)
)
async def find_organization(organization_id: UUID, _: RequireAdmin, session: ReadSession) -> AdminOrganization:
    """With what it has and did."""
    return await service.find_organization(session, organization_id)
