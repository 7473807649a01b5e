"""Log-in with e-mail and password."""

from api.audit.context import Origin
from api.auth.account import repository
from api.auth.account.errors import CredentialsWrong, SecondFactorRequired, SecondFactorWrong
from api.auth.account.schemas import Credentials, normalize_email
from api.auth.second_factor.repository import has_second_factor
from api.auth.second_factor.service import verify
from api.auth.session.schemas import Tokens
from api.auth.session.service import begin_session
from api.database import AsyncReadSession, AsyncWriteSession
from api.errors import ApiError
from api.lifespan import Resources
from api.models import User
from api.tenancy import PLATFORM


async def log_in(resources: Resources, credentials: Credentials, origin: Origin) -> Tokens:
    """New tokens of a new log-in. Raises `CredentialsWrong`, after the same time whatever was wrong.

    Only whoever knows the password learns of a second factor, by `SecondFactorRequired` or `SecondFactorWrong`.
    """
    # Hashing takes long: the database's connection is given back before it.
    async with resources.database.reading(PLATFORM) as session:
        user = await _find(session, credentials.email)
    usable = user if user is not None and user.is_active else None
    is_right = await resources.passwords.matches(credentials.password, usable.password_hash if usable else None)
    if usable is None or not is_right:
        raise CredentialsWrong
    renewed = await resources.passwords.hash_anew(credentials.password, usable.password_hash)
    async with resources.database.writing(PLATFORM) as session:
        refusal = await _check_second_factor(session, resources, usable, credentials.totp_code)
        if refusal is None and renewed is not None:
            # Before the session locks the row for reading: two log-ins at once would wait for each other.
            await repository.renew_password_hash(session, usable, renewed)
        tokens = await begin_session(session, resources, usable, origin) if refusal is None else None
    # Raised after the transaction: a wrong code stays counted.
    if tokens is None:
        raise refusal or CredentialsWrong
    return tokens


async def _check_second_factor(
    session: AsyncWriteSession, resources: Resources, user: User, code: str | None
) -> ApiError | None:
    """Why a user who knows the password is not let in, if so."""
    if not await has_second_factor(session, user.id):
        return None
    if code is None:
        return SecondFactorRequired()
    return None if await verify(session, resources, user.id, code) else SecondFactorWrong()


async def _find(session: AsyncReadSession, email: str) -> User | None:
    try:
        return await repository.find_by_email(session, normalize_email(email))
    except ValueError:
        return None
