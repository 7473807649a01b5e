"""Registration, log-in, renewal, log-out."""

from typing import cast, get_args
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError

from api.auth import repository
from api.auth.errors import CredentialsWrong, EmailAlreadyRegistered, LoginEnded, PasswordTooCommon, TokenInvalid
from api.auth.identity import Identity, Role
from api.auth.schemas import Credentials, Registered, Registration, Tokens, UserProfile, normalize_email
from api.database import AsyncReadSession, AsyncWriteSession
from api.errors import FieldProblem
from api.lifespan import Resources
from api.models import Organization, User

# What is long enough and still tried first.
COMMON_PASSWORDS = frozenset(
    {
        "passwordpassword",
        "password12345678",
        "password123456789",
        "123456789012345",
        "1234567890123456",
        "12345678901234567890",
        "qwertyuiopasdfgh",
        "qwertyuiopasdfghjkl",
        "qwertyuiop123456",
        "qwertyqwertyqwerty",
        "administrator123",
        "letmeinletmeinletmein",
    }
)


async def register(session: AsyncWriteSession, resources: Resources, registration: Registration) -> Registered:
    """Make the company and its first user, logged in. Raises `EmailAlreadyRegistered` or `PasswordTooCommon`."""
    _refuse_common(registration)
    password_hash = await resources.passwords.hash(registration.password)
    try:
        user, organization = await repository.add_company(
            session,
            company_name=registration.company_name,
            email=registration.email,
            password_hash=password_hash,
            role=registration.role,
        )
    except IntegrityError:
        raise EmailAlreadyRegistered(registration.email) from None
    tokens = _issue(resources, _identity(user, uuid4()))
    return Registered(**tokens.model_dump(), user=profile(user, organization))


def _refuse_common(registration: Registration) -> None:
    password = registration.password.casefold()
    own = {registration.email, registration.company_name.casefold()}
    if password in COMMON_PASSWORDS or password in own:
        message = "is one that is tried first: choose another"
        raise PasswordTooCommon(
            f"password: {message}", errors=[FieldProblem(location="body", field="password", message=message)]
        )


async def log_in(resources: Resources, credentials: Credentials) -> Tokens:
    """New tokens of a new log-in. Raises `CredentialsWrong`, after the same time whatever was wrong."""
    # Hashing takes long: the database's connection is given back before it.
    async with resources.database.reading() as session:
        user = await _find(session, credentials.email)
    usable = user if user is not None and user.is_active else None
    is_right = await resources.passwords.matches(credentials.password, usable.password_hash if usable else None)
    if usable is None or not is_right:
        raise CredentialsWrong
    return _issue(resources, _identity(usable, uuid4()))


async def _find(session: AsyncReadSession, email: str) -> User | None:
    try:
        return await repository.find_by_email(session, normalize_email(email))
    except ValueError:
        return None


async def renew(session: AsyncReadSession, resources: Resources, refresh_token: str) -> Tokens:
    """New tokens of the same log-in, with the user as it is now.

    Raises `TokenInvalid`, `TokenExpired` or `LoginEnded`; also when the account was closed since.
    """
    identity = resources.tokens.read(refresh_token, "refresh")
    if await resources.ended_logins.has_ended(identity.login_id):
        raise LoginEnded(identity.login_id)
    found = await repository.find_profile(session, identity.user_id)
    if found is None or not found[0].is_active:
        raise TokenInvalid("the account it was issued for is closed")
    return _issue(resources, _identity(found[0], identity.login_id))


def _issue(resources: Resources, identity: Identity) -> Tokens:
    return Tokens(
        access_token=resources.tokens.issue(identity, "access"),
        refresh_token=resources.tokens.issue(identity, "refresh"),
        expires_in=resources.tokens.lifetime_seconds("access"),
    )


def _identity(user: User, login_id: UUID) -> Identity:
    assert user.email is not None and user.role in get_args(Role)
    return Identity(
        user_id=user.id,
        organization_id=user.organization_id,
        email=user.email,
        role=cast(Role, user.role),
        login_id=login_id,
    )


def profile(user: User, organization: Organization) -> UserProfile:
    """The user as the user sees it."""
    return UserProfile(
        id=user.id,
        email=user.email or "",
        role=cast(Role, user.role),
        organization_id=organization.id,
        company_name=organization.name,
        created_at=user.created_at,
    )
