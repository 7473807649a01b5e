"""Erasing a person: the application's tables at once, in one transaction; the rest is left to the pipeline's runs."""

from uuid import UUID

from sqlalchemy import func

from api.admin.errors import LastOperator
from api.admin.repository import lock_operators
from api.audit import AuditedObject, record
from api.auth.identity import Identity
from api.auth.recovery.errors import PasswordWrong
from api.auth.session.service import end_sessions_of_user
from api.database import AsyncReadSession, AsyncWriteSession
from api.lifespan import Resources
from api.models import Erasure, User
from api.organizations.membership import pass_ownership_on
from api.own_data import repository
from api.own_data.errors import UserErased
from api.own_data.holding import HOLDINGS
from api.own_data.schemas import ErasureDetail
from api.pagination import decode_id_cursor, encode_cursor
from api.schema import Page
from api.tenancy import PLATFORM, enter


async def erase_me(resources: Resources, user: Identity, password: str) -> ErasureDetail:
    """Erase who asks. Raises `PasswordWrong` or `LastOperator`."""
    # Hashing takes long: the database's connection is given back before it.
    async with resources.database.reading(PLATFORM) as session:
        known = await session.get(User, user.user_id)
    if known is None or not await resources.passwords.matches(password, known.password_hash):
        raise PasswordWrong
    async with resources.database.writing(PLATFORM) as session:
        return await erase(session, resources, user.user_id, requested_by="self")


async def erase(
    session: AsyncWriteSession, resources: Resources, user_id: UUID, *, requested_by: str, reason: str | None = None
) -> ErasureDetail:
    """Erase a user from the application's tables and put the rest on the work list.

    Raises `UserErased`, `LastOperator` or, when sessions can't be ended just now, `ServiceUnavailable`.
    """
    await enter(session, PLATFORM)
    # Before any user, as whoever changes members does: otherwise the two could wait for each other.
    await repository.lock_organization_of(session, user_id)
    operators = await lock_operators(session)
    user = await repository.lock_user(session, user_id)
    if user is None:
        raise UserErased(user_id)
    if operators == {user_id}:
        raise LastOperator(user_id)
    audited = AuditedObject("user", user_id, user.organization_id)
    new = {"requested_by": requested_by} | ({"reason": reason} if reason else {})
    await record(session, "user.erased", audited, new=new)
    user.is_active = False
    await session.flush()
    await end_sessions_of_user(session, resources, user_id, reason="deactivated")
    await pass_ownership_on(session, user)
    tombstone_id = await _tombstone(session, user)
    for holding in HOLDINGS:
        await repository.erase_holding(session, holding, user_id, tombstone_id)
    # An operator has made sure who asks.
    is_proven = requested_by == "operator" or user.email_verified_at is not None
    await repository.delete_user(session, user, with_invitations=is_proven)
    emails = [user.email] if user.email else []
    erasure = Erasure(
        # In the order of asking, for lists.
        id=func.uuidv7(),
        organization_id=user.organization_id,
        requested_by=requested_by,
        user_id=user_id,
        tombstone_user_id=tombstone_id,
        emails=emails if is_proven else [],
        unverified_emails=[] if is_proven else emails,
    )
    session.add(erasure)
    await session.flush()
    await session.refresh(erasure)
    return ErasureDetail.model_validate(erasure)


async def _tombstone(session: AsyncWriteSession, user: User) -> UUID | None:
    """Who the user's money belongs to from now on; nobody when there is none."""
    for holding in HOLDINGS:
        if holding.erasure == "replace" and await repository.has_rows(session, holding, user.id):
            return await repository.add_tombstone(session, user)
    return None


async def list_erasures(
    session: AsyncReadSession, *, is_open: bool | None, cursor: str | None, limit: int
) -> Page[ErasureDetail]:
    """Erasures, the newest first. Raises `CursorInvalid`."""
    before = decode_id_cursor(cursor)
    rows = await repository.list_erasures(session, is_open=is_open, before=before, limit=limit + 1)
    page = rows[:limit]
    return Page(
        items=[ErasureDetail.model_validate(row) for row in page],
        next_cursor=encode_cursor(str(page[-1].id)) if len(rows) > limit else None,
    )
