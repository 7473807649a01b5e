"""Queries over the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, or_, select, tuple_
from sqlalchemy.orm import aliased

from api.audit.recording import USER
from api.audit.schemas import AdminAuditFilter, AuditFilter
from api.database import AsyncReadSession
from api.models import AuditEntry, AuditOrigin, User
from api.pagination import After

ActingUser = aliased(User, name="acting_user")
ObjectUser = aliased(User, name="object_user")


@dataclass(frozen=True)
class AuditRow:
    """An entry with what is known today about the people in it."""

    entry: AuditEntry
    origin: AuditOrigin | None
    actor_user_id: UUID | None
    actor_email: str | None
    object_user_id: UUID | None


async def list_entries(
    session: AsyncReadSession, wanted: AuditFilter, *, of: UUID | None, after: After | None, limit: int
) -> Sequence[AuditRow]:
    """Entries that match, the newest first; those of one organization, or of all (`of` is None)."""
    is_object = and_(AuditEntry.object_type == USER, AuditEntry.object_id == cast(ObjectUser.subject_id, Text))
    query = (
        select(AuditEntry, AuditOrigin, ActingUser.id, ActingUser.email, ObjectUser.id)
        .outerjoin(AuditOrigin, AuditOrigin.entry_id == AuditEntry.id)
        .outerjoin(ActingUser, ActingUser.subject_id == AuditEntry.actor_subject_id)
        .outerjoin(ObjectUser, is_object)
        .where(*_conditions(wanted, of))
        .order_by(AuditEntry.occurred_at.desc(), AuditEntry.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(AuditEntry.occurred_at, AuditEntry.id) < tuple_(after.at, after.id))
    return [AuditRow(*row) for row in await session.execute(query)]


def _conditions(wanted: AuditFilter, of: UUID | None) -> list[ColumnElement[bool]]:
    conditions = [] if of is None else [_concerns(of)]
    if isinstance(wanted, AdminAuditFilter) and wanted.organization_id is not None:
        conditions.append(_concerns(wanted.organization_id))
    if wanted.actor_user_id is not None:
        conditions.append(AuditEntry.actor_subject_id == _subject(wanted.actor_user_id))
    if wanted.object_id is not None:
        names = [AuditEntry.object_id == str(wanted.object_id)]
        if isinstance(wanted.object_id, UUID):
            names.append(AuditEntry.object_id == cast(_subject(wanted.object_id), Text))
        conditions.append(or_(*names))
    if wanted.object_type is not None:
        conditions.append(AuditEntry.object_type == wanted.object_type)
    if wanted.action is not None:
        conditions.append(AuditEntry.action == wanted.action)
    if wanted.since is not None:
        conditions.append(AuditEntry.occurred_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditEntry.occurred_at < wanted.until)
    return conditions


def _concerns(organization_id: UUID) -> ColumnElement[bool]:
    return or_(AuditEntry.organization_id == organization_id, AuditEntry.actor_organization_id == organization_id)


def _subject(user_id: UUID) -> Any:
    return select(User.subject_id).where(User.id == user_id).scalar_subquery()
