"""Verifying an e-mail; setting a forgotten password; changing a known one.

Mails are written by the outbox, after the answer: how long it takes says nothing of who is known.
"""

from api.audit import Actor, AuditedObject, record
from api.auth.account.password_policy import check_password
from api.auth.api_key.service import revoke_of_maker
from api.auth.identity import Identity
from api.auth.link import repository as links
from api.auth.link.errors import LinkInvalid
from api.auth.link.signer import fingerprint
from api.auth.recovery import repository
from api.auth.recovery.errors import PasswordWrong
from api.auth.recovery.schemas import PasswordChange, PasswordResetConfirmation
from api.auth.second_factor.repository import has_second_factor
from api.auth.session.service import EndReason, end_sessions_of_user
from api.database import AsyncWriteSession
from api.errors import LoginRequired
from api.lifespan import Resources
from api.models import User
from api.tenancy import PLATFORM


async def confirm_verification(session: AsyncWriteSession, resources: Resources, token: str) -> None:
    """Take the e-mail a link was sent to for the user's own. Raises `LinkInvalid`."""
    link = await links.use(session, "email_verification", resources.links.read(token, "email_verification"))
    user = await repository.lock_user(session, link.user_id) if link and link.user_id else None
    if link is None or user is None or link.bound_to != fingerprint(user.email):
        raise LinkInvalid
    await repository.verify(session, user.id)
    await _note(session, user, "email_verified")
    await links.void_of_user(session, "email_verification", user.id)


async def reset_password(resources: Resources, wanted: PasswordResetConfirmation) -> None:
    """Set a new password with a link. Ends every session, and makes all other links of this kind worth nothing.

    Raises `LinkInvalid`, and what `check_password` raises, after which the link is still good.
    """
    token_hash = resources.links.read(wanted.token, "password_reset")
    async with resources.database.reading(PLATFORM) as session:
        link = await links.find(session, "password_reset", token_hash)
        found = await repository.find_user(session, link.user_id) if link and link.user_id else None
        if found is None:
            raise LinkInvalid
        has_factor = await has_second_factor(session, found[0].id)
    user, organization = found
    await check_password(wanted.password, own=(user.email, organization.name), has_second_factor=has_factor)
    password_hash = await resources.passwords.hash(wanted.password)
    async with resources.database.writing(PLATFORM) as session:
        link = await links.use(session, "password_reset", token_hash)
        locked = await repository.lock_user(session, user.id)
        if link is None or locked is None or link.bound_to != fingerprint(str(locked.password_generation)):
            raise LinkInvalid
        # Whoever reads the mail has the address.
        await repository.verify(session, locked.id)
        await _replace(
            session, resources, locked, password_hash, reason="password_reset", revokes_keys=wanted.revoke_api_keys
        )


async def change_password(resources: Resources, identity: Identity, wanted: PasswordChange) -> None:
    """Set a new password knowing the old one. Ends the user's other sessions.

    Raises `PasswordWrong`, and what `check_password` raises.
    """
    async with resources.database.reading(PLATFORM) as session:
        found = await repository.find_user(session, identity.user_id)
        if found is None:
            raise LoginRequired("The account is closed")
        has_factor = await has_second_factor(session, identity.user_id)
    user, organization = found
    if not await resources.passwords.matches(wanted.current_password, user.password_hash):
        raise PasswordWrong
    await check_password(
        wanted.new_password,
        own=(user.email, organization.name),
        has_second_factor=has_factor,
        field="new_password",
    )
    password_hash = await resources.passwords.hash(wanted.new_password)
    async with resources.database.writing(PLATFORM) as session:
        locked = await repository.lock_user(session, user.id)
        if locked is None or locked.password_generation != user.password_generation:
            # Somebody else changed it meanwhile.
            raise PasswordWrong
        await _replace(
            session,
            resources,
            locked,
            password_hash,
            reason="password_changed",
            revokes_keys=wanted.revoke_api_keys,
            kept=identity,
        )


async def _replace(
    session: AsyncWriteSession,
    resources: Resources,
    user: User,
    password_hash: str,
    *,
    reason: EndReason,
    revokes_keys: bool,
    kept: Identity | None = None,
) -> None:
    user.password_hash = password_hash
    user.password_generation += 1
    await links.void_of_user(session, "password_reset", user.id)
    await _note(session, user, reason)
    notice = "password_changed_keys_revoked" if revokes_keys else "password_changed"
    resources.outbox.put(session, "mail.notice", user_id=str(user.id), notice=notice)
    await session.flush()
    if revokes_keys:
        await revoke_of_maker(session, resources, user)
    await end_sessions_of_user(
        session, resources, user.id, reason=reason, kept_id=kept.session_id if kept is not None else None
    )


async def _note(session: AsyncWriteSession, user: User, past_verb: str) -> None:
    """Whoever has the link or the password is the user, logged in or not."""
    await record(
        session,
        f"user.{past_verb}",
        AuditedObject("user", user.id, user.organization_id),
        actor=Actor(user.id, user.organization_id, user.role),
    )
