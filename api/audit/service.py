"""Reading the audit log."""

from uuid import UUID

from api.audit import repository
from api.audit.recording import USER
from api.audit.repository import AuditRow
from api.audit.schemas import AuditActor, AuditEntryDetail, AuditFilter, AuditOriginDetail
from api.database import AsyncReadSession
from api.pagination import decode_newest_cursor, encode_cursor
from api.schema import Page


async def list_entries(
    session: AsyncReadSession, wanted: AuditFilter, *, of: UUID | None = None
) -> Page[AuditEntryDetail]:
    """Entries that match, the newest first; `of` is the organization that looks at its own. Raises `CursorInvalid`.

    An organization learns neither who acted on it from outside nor from where, only in which role.
    """
    rows = await repository.list_entries(
        session, wanted, of=of, after=decode_newest_cursor(wanted.cursor), limit=wanted.limit + 1
    )
    page = rows[: wanted.limit]
    last = page[-1].entry if len(rows) > wanted.limit else None
    return Page(
        items=[_detail(row, is_outside=of is not None and row.entry.actor_organization_id != of) for row in page],
        next_cursor=encode_cursor(last.occurred_at.isoformat(), str(last.id)) if last else None,
    )


def _detail(row: AuditRow, *, is_outside: bool) -> AuditEntryDetail:
    entry = row.entry
    return AuditEntryDetail(
        id=entry.id,
        occurred_at=entry.occurred_at,
        action=entry.action,
        object_type=entry.object_type,
        object_id=_object_id(row),
        organization_id=entry.organization_id,
        actor=AuditActor(
            user_id=None if is_outside else row.actor_user_id,
            email=None if is_outside else row.actor_email,
            role=entry.actor_role,
            organization_id=None if is_outside else entry.actor_organization_id,
            api_key_id=None if is_outside else entry.api_key_id,
        ),
        origin=AuditOriginDetail.model_validate(row.origin) if row.origin and not is_outside else None,
        old_value=entry.old_value,
        new_value=entry.new_value,
    )


def _object_id(row: AuditRow) -> str | None:
    if row.entry.object_type != USER:
        return row.entry.object_id
    return str(row.object_user_id) if row.object_user_id else None
