"""Reading and changing an organization and its members."""

from typing import cast
from uuid import UUID

from api.audit import AuditedObject, record
from api.auth.identity import Identity, Role
from api.database import AsyncReadSession, AsyncWriteSession
from api.lifespan import Resources
from api.organizations import repository
from api.organizations.errors import LastOwner, MemberClosedByPlatform, MemberNotFound, OperatorNotChangeable
from api.organizations.membership import change_standing
from api.organizations.repository import MemberRow
from api.organizations.schemas import MemberChange, MemberDetail, OrganizationChange, OrganizationDetail
from api.pagination import decode_id_cursor, encode_cursor
from api.schema import Page


async def find(session: AsyncReadSession | AsyncWriteSession, organization_id: UUID) -> OrganizationDetail:
    """An organization."""
    organization, member_count = await repository.find(session, organization_id)
    return OrganizationDetail(
        id=organization.id, name=organization.name, created_at=organization.created_at, member_count=member_count
    )


async def rename(
    session: AsyncWriteSession, resources: Resources, user: Identity, wanted: OrganizationChange
) -> OrganizationDetail:
    """Call the organization something else, here and at Stripe."""
    organization = await repository.lock(session, user.organization_id)
    if organization.name != wanted.name:
        organization.name = wanted.name
        await record(session, "organization.renamed", AuditedObject("organization", organization.id, organization.id))
        resources.outbox.put(session, "stripe.customer", organization_id=str(organization.id))
        await session.flush()
    return await find(session, user.organization_id)


async def list_members(
    session: AsyncReadSession, user: Identity, *, cursor: str | None, limit: int
) -> Page[MemberDetail]:
    """Members of the user's organization."""
    rows = await repository.list_members(
        session, user.organization_id, after_id=decode_id_cursor(cursor), limit=limit + 1
    )
    page = rows[:limit]
    return Page(
        items=[_detail(row) for row in page],
        next_cursor=encode_cursor(str(page[-1].user.id)) if len(rows) > limit else None,
    )


async def change_member(
    session: AsyncWriteSession, resources: Resources, owner: Identity, user_id: UUID, wanted: MemberChange
) -> MemberDetail:
    """Change what a member may do.

    Raises `MemberNotFound`, `OperatorNotChangeable`, `MemberClosedByPlatform` and `LastOwner`.
    """
    # Of two owners who demote each other at the same time, one comes second and is refused.
    await repository.lock(session, owner.organization_id)
    found = await repository.find_member(session, owner.organization_id, user_id)
    if found is None:
        raise MemberNotFound(user_id)
    if found.user.role == "admin" and (wanted.role is not None or wanted.is_active is not None):
        raise OperatorNotChangeable(user_id)
    is_opened = wanted.is_active is True and not found.user.is_active
    if is_opened and await repository.is_closed_by_platform(session, user_id):
        raise MemberClosedByPlatform(user_id)
    is_kept = wanted.is_active is not False and wanted.is_owner is not False
    # Looked at before the change: sessions that were ended stay ended.
    if not is_kept and not await repository.has_other_owner(session, owner.organization_id, user_id):
        raise LastOwner(user_id)
    await change_standing(
        session, resources, found.user, role=wanted.role, is_active=wanted.is_active, is_owner=wanted.is_owner
    )
    return _detail(found)


def _detail(row: MemberRow) -> MemberDetail:
    user = row.user
    return MemberDetail(
        id=user.id,
        email=user.email or "",
        role=cast(Role, user.role),
        is_owner=user.is_owner,
        is_active=user.is_active,
        is_email_verified=user.email_verified_at is not None,
        has_second_factor=row.has_second_factor,
        created_at=user.created_at,
    )
