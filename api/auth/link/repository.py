"""Queries over links."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.auth.link.signer import Purpose, SignedLink
from api.database import AsyncWriteSession
from api.models import AccountLink


def _is_usable(purpose: Purpose, token_hash: bytes) -> tuple[ColumnElement[bool], ...]:
    return (
        AccountLink.purpose == purpose,
        AccountLink.token_hash == token_hash,
        AccountLink.used_at.is_(None),
        AccountLink.expires_at > func.now(),
    )


async def add(
    session: AsyncWriteSession,
    purpose: Purpose,
    signed: SignedLink,
    *,
    bound_to: bytes,
    user_id: UUID | None = None,
    invitation_id: UUID | None = None,
) -> UUID:
    """Keep a new link of a user or an invitation; its id. Those that have expired are forgotten."""
    await session.execute(
        delete(AccountLink).where(
            AccountLink.user_id == user_id if user_id else AccountLink.invitation_id == invitation_id,
            AccountLink.expires_at <= func.now(),
        )
    )
    link = AccountLink(
        purpose=purpose,
        token_hash=signed.token_hash,
        user_id=user_id,
        invitation_id=invitation_id,
        bound_to=bound_to,
        expires_at=signed.expires_at,
    )
    session.add(link)
    await session.flush()
    return link.id


async def find(session: AsyncSession, purpose: Purpose, token_hash: bytes) -> AccountLink | None:
    """A link that could be used now."""
    return await session.scalar(select(AccountLink).where(*_is_usable(purpose, token_hash)))


async def use(session: AsyncWriteSession, purpose: Purpose, token_hash: bytes) -> AccountLink | None:
    """Use a link up; None when it can't be used. Of two who use it at the same time, one does."""
    used = update(AccountLink).where(*_is_usable(purpose, token_hash)).values(used_at=func.now())
    return (await session.scalars(used.returning(AccountLink))).one_or_none()


async def void_of_user(session: AsyncWriteSession, purpose: Purpose, user_id: UUID) -> None:
    """Links of a user that were not used yet are worth nothing from now on."""
    await session.execute(
        delete(AccountLink).where(
            AccountLink.purpose == purpose, AccountLink.user_id == user_id, AccountLink.used_at.is_(None)
        )
    )


async def void_of_invitation(session: AsyncWriteSession, invitation_id: UUID) -> None:
    """The same for those of an invitation."""
    await session.execute(
        delete(AccountLink).where(AccountLink.invitation_id == invitation_id, AccountLink.used_at.is_(None))
    )


async def mark_sent(session: AsyncWriteSession, link_id: UUID) -> None:
    """The mail with the link went out."""
    await session.execute(update(AccountLink).where(AccountLink.id == link_id).values(sent_at=func.now()))


async def was_sent_within(session: AsyncSession, purpose: Purpose, user_id: UUID, span: timedelta) -> bool:
    """Whether the user was sent such a link just now."""
    sent = exists().where(
        AccountLink.purpose == purpose, AccountLink.user_id == user_id, AccountLink.sent_at > func.now() - span
    )
    return bool(await session.scalar(select(sent)))
