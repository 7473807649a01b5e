"""Log-in with e-mail and password."""

from api.audit.context import Origin
from api.auth.account import repository
from api.auth.account.errors import CredentialsWrong
from api.auth.account.schemas import Credentials, normalize_email
from api.auth.session.schemas import Tokens
from api.auth.session.service import begin_session
from api.database import AsyncReadSession
from api.lifespan import Resources
from api.models import User
from api.tenancy import PLATFORM


async def log_in(resources: Resources, credentials: Credentials, origin: Origin) -> Tokens:
    """New tokens of a new log-in. Raises `CredentialsWrong`, after the same time whatever was wrong."""
    # Hashing takes long: the database's connection is given back before it.
    async with resources.database.reading(PLATFORM) as session:
        user = await _find(session, credentials.email)
    usable = user if user is not None and user.is_active else None
    is_right = await resources.passwords.matches(credentials.password, usable.password_hash if usable else None)
    if usable is None or not is_right:
        raise CredentialsWrong
    async with resources.database.writing(PLATFORM) as session:
        tokens = await begin_session(session, resources, usable, origin)
    if tokens is None:
        raise CredentialsWrong
    return tokens


async def _find(session: AsyncReadSession, email: str) -> User | None:
    try:
        return await repository.find_by_email(session, normalize_email(email))
    except ValueError:
        return None
