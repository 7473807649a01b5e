"""Setting up, asking for and removing a second factor."""

from uuid import UUID

from api.audit import AuditedObject, record
from api.auth.account.password_policy import PASSWORD_MIN_LENGTH
from api.auth.identity import Identity
from api.auth.recovery.errors import PasswordWrong
from api.auth.recovery.repository import find_user
from api.auth.second_factor import repository, vault
from api.auth.second_factor.errors import (
    CodeWrong,
    PasswordTooShortAlone,
    SecondFactorAlreadySet,
    SecondFactorNotSet,
)
from api.auth.second_factor.schemas import BothFactors, RecoveryCodes, SecondFactorSecret
from api.auth.session.service import end_sessions_of_user
from api.database import AsyncWriteSession
from api.lifespan import Resources
from api.models import SecondFactor
from api.tenancy import PLATFORM


async def begin(resources: Resources, user: Identity, password: str) -> SecondFactorSecret:
    """A new secret, which counts from when a code of it is confirmed. Raises `SecondFactorAlreadySet`."""
    await _check_password(resources, user, password)
    secret = vault.new_secret()
    async with resources.database.writing(PLATFORM) as session:
        if not await repository.begin(session, user.user_id, resources.vault.encrypt(user.user_id, secret)):
            raise SecondFactorAlreadySet
    return SecondFactorSecret(secret=secret, otpauth_uri=vault.otpauth_uri(secret, user.email))


async def confirm(session: AsyncWriteSession, resources: Resources, user: Identity, code: str) -> RecoveryCodes:
    """Ask for codes from now on, and end the user's other sessions.

    Raises `SecondFactorNotSet`, `SecondFactorAlreadySet` and `CodeWrong`.
    """
    factor = await repository.find(session, user.user_id)
    if factor is None:
        raise SecondFactorNotSet
    if factor.confirmed_at is not None:
        raise SecondFactorAlreadySet
    if not await _accept_code(session, resources, factor, code):
        raise CodeWrong
    await repository.confirm(session, user.user_id)
    codes = await _replace_recovery_codes(session, resources, user)
    await _note(session, resources, user, "second_factor_added")
    await end_sessions_of_user(
        session, resources, user.user_id, reason="second_factor_changed", kept_id=user.session_id
    )
    return codes


async def renew_recovery_codes(resources: Resources, user: Identity, wanted: BothFactors) -> RecoveryCodes:
    """New codes in the place of those so far. Raises `PasswordWrong`, `CodeWrong` and `SecondFactorNotSet`."""
    await _check_password(resources, user, wanted.password)
    codes = None
    async with resources.database.writing(PLATFORM) as session:
        if not await repository.has_second_factor(session, user.user_id):
            raise SecondFactorNotSet
        if await verify(session, resources, user.user_id, wanted.code):
            codes = await _replace_recovery_codes(session, resources, user)
            await _note(session, resources, user, "recovery_codes_renewed")
    # Raised after the transaction: a wrong code stays counted.
    if codes is None:
        raise CodeWrong
    return codes


async def remove(resources: Resources, user: Identity, wanted: BothFactors) -> None:
    """Ask for no code any more. Raises `PasswordWrong`, `CodeWrong`, `SecondFactorNotSet`, `PasswordTooShortAlone`."""
    await _check_password(resources, user, wanted.password)
    if len(wanted.password) < PASSWORD_MIN_LENGTH:
        raise PasswordTooShortAlone
    async with resources.database.writing(PLATFORM) as session:
        if not await repository.has_second_factor(session, user.user_id):
            raise SecondFactorNotSet
        is_right = await verify(session, resources, user.user_id, wanted.code)
        if is_right:
            await repository.remove(session, user.user_id)
            await _note(session, resources, user, "second_factor_removed")
    # Raised after the transaction: a wrong code stays counted.
    if not is_right:
        raise CodeWrong


async def verify(session: AsyncWriteSession, resources: Resources, user_id: UUID, code: str) -> bool:
    """Whether this is a code of the user's app, or a recovery code, that was not used before; it is used up now.

    A wrong one is counted: the transaction must be committed in either case.
    """
    factor = await repository.find(session, user_id)
    if factor is None or await repository.is_blocked(session, user_id):
        return False
    is_right = await _accept_code(session, resources, factor, code) or await repository.use_recovery_code(
        session, user_id, resources.vault.hash_recovery_code(user_id, code)
    )
    if not is_right:
        await repository.count_failure(session, user_id)
    return is_right


async def _accept_code(session: AsyncWriteSession, resources: Resources, factor: SecondFactor, code: str) -> bool:
    secret = resources.vault.decrypt(factor.user_id, factor.secret)
    step = vault.matching_step(secret, code, at=resources.vault.clock())
    return step is not None and await repository.accept_step(session, factor.user_id, step)


async def _replace_recovery_codes(session: AsyncWriteSession, resources: Resources, user: Identity) -> RecoveryCodes:
    codes = vault.new_recovery_codes()
    hashes = [resources.vault.hash_recovery_code(user.user_id, made) for made in codes]
    await repository.replace_recovery_codes(session, user.user_id, hashes)
    return RecoveryCodes(recovery_codes=codes)


async def _check_password(resources: Resources, user: Identity, password: str) -> None:
    async with resources.database.reading(PLATFORM) as session:
        found = await find_user(session, user.user_id)
    if not await resources.passwords.matches(password, found[0].password_hash if found else None):
        raise PasswordWrong


async def _note(session: AsyncWriteSession, resources: Resources, user: Identity, notice: str) -> None:
    await record(session, f"user.{notice}", AuditedObject("user", user.user_id, user.organization_id))
    resources.outbox.put(session, "mail.notice", user_id=str(user.user_id), notice=notice)
