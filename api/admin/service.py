"""Looking after users and organizations."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from api.admin import repository
from api.admin.errors import (
    LastOperator,
    OrganizationNotFound,
    OwnAccountNotChangeable,
    UserHasNoLogin,
    UserNotFound,
)
from api.admin.schemas import AdminOrganization, AdminUser
from api.audit import AuditedObject, record
from api.auth.identity import Identity, Role
from api.auth.session.service import end_sessions_of_user
from api.database import AsyncReadSession, AsyncWriteSession
from api.lifespan import Resources
from api.models import Organization, User
from api.organizations.repository import is_closed_by_platform
from api.pagination import decode_id_cursor, encode_cursor
from api.schema import Page


async def list_users(
    session: AsyncReadSession, *, cursor: str | None, limit: int, **wanted: Any
) -> Page[AdminUser]:  # fmt: skip
    """Users that match, the newest first."""
    rows = await repository.list_users(session, before=decode_id_cursor(cursor), limit=limit + 1, **wanted)
    page = rows[:limit]
    return Page(
        items=[_user(user, name) for user, name in page],
        next_cursor=encode_cursor(str(page[-1][0].id)) if len(rows) > limit else None,
    )


async def find_user(session: AsyncReadSession | AsyncWriteSession, user_id: UUID) -> AdminUser:
    """A user. Raises `UserNotFound`."""
    found = await repository.find_user(session, user_id)
    if found is None:
        raise UserNotFound(user_id)
    return _user(*found)


async def set_active(
    session: AsyncWriteSession,
    resources: Resources,
    admin: Identity | None,
    user_id: UUID,
    *,
    is_active: bool,
    reason: str,
) -> AdminUser:
    """Close an account, which ends its sessions at once, or open it again. `admin` is None on the command line.

    Raises `UserNotFound`, `OwnAccountNotChangeable`, `LastOperator` or `UserHasNoLogin`.
    """
    user = await _lock(session, admin, user_id, stays_operator=is_active)
    if is_active and user.email is None:
        raise UserHasNoLogin(user_id)
    was_active = user.is_active
    # An account that its organization closed is the platform's to close as well: then nobody else opens it again.
    is_news = not is_active and not was_active and not await is_closed_by_platform(session, user_id)
    if was_active != is_active or is_news:
        user.is_active = is_active
        await session.flush()
        if not is_active:
            await end_sessions_of_user(session, resources, user_id, reason="deactivated")
        action = "user.reactivated" if is_active else "user.deactivated"
        await record(
            session, action, _audited(user), old={"is_active": was_active},
            new={"is_active": is_active, "reason": reason},
        )  # fmt: skip
    return await find_user(session, user_id)


async def change_role(
    session: AsyncWriteSession, resources: Resources, admin: Identity, user_id: UUID, *, role: Role, reason: str
) -> AdminUser:
    """Let a user do other things, from its next log-in on.

    Raises `UserNotFound`, `OwnAccountNotChangeable` or `LastOperator`.
    """
    user = await _lock(session, admin, user_id, stays_operator=role == "admin")
    before, user.role = user.role, role
    await session.flush()
    if before != role:
        await end_sessions_of_user(session, resources, user_id, reason="role_changed")
        new = {"role": role, "reason": reason}
        await record(session, "user.role_changed", _audited(user), old={"role": before}, new=new)
    return await find_user(session, user_id)


async def list_organizations(
    session: AsyncReadSession, *, q: str | None, cursor: str | None, limit: int
) -> Page[AdminOrganization]:
    """Organizations that match, the newest first."""
    rows = await repository.list_organizations(session, q=q, before=decode_id_cursor(cursor), limit=limit + 1)
    page = rows[:limit]
    return Page(
        items=[_organization(row) for row in page],
        next_cursor=encode_cursor(str(page[-1][0].id)) if len(rows) > limit else None,
    )


async def find_organization(session: AsyncReadSession, organization_id: UUID) -> AdminOrganization:
    """An organization. Raises `OrganizationNotFound`."""
    row = await repository.find_organization(session, organization_id)
    if row is None:
        raise OrganizationNotFound(organization_id)
    return _organization(row)


async def _lock(
    session: AsyncWriteSession, admin: Identity | None, user_id: UUID, *, stays_operator: bool
) -> User:  # fmt: skip
    if admin is not None:
        if user_id == admin.user_id:
            raise OwnAccountNotChangeable(user_id)
        # Of two operators who close or demote each other at the same time, one comes second and is refused.
        if await repository.lock_operators(session) == {user_id} and not stays_operator:
            raise LastOperator(user_id)
    user = await repository.lock_user(session, user_id)
    if user is None:
        raise UserNotFound(user_id)
    return user


def _audited(user: User) -> AuditedObject:
    return AuditedObject("user", user.id, user.organization_id)


def _user(user: User, organization_name: str) -> AdminUser:
    return AdminUser.model_validate({**user.to_dict(), "organization_name": organization_name})


def _organization(row: Row[Organization, int, int, int, int]) -> AdminOrganization:
    organization, user_count, prompt_count, order_count, open_decision_count = row
    return AdminOrganization(
        id=organization.id,
        name=organization.name,
        is_imported=organization.is_imported,
        user_count=user_count,
        prompt_count=prompt_count,
        order_count=order_count,
        open_decision_count=open_decision_count,
        created_at=organization.created_at,
    )
