"""Signed tokens: who a request comes from, checked without asking the database."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID, uuid4

import jwt

from api.auth.errors import TokenExpired, TokenInvalid
from api.auth.identity import Identity, Role

ALGORITHM = "HS256"
REQUIRED_CLAIMS = ("exp", "iat", "sub", "type")

TokenType = Literal["access", "refresh"]


class TokenIssuer:
    """Issues and reads the tokens of one secret."""

    def __init__(self, secret: str, *, access_minutes: int, refresh_days: int) -> None:
        self._secret = secret
        self._lifetimes: dict[TokenType, timedelta] = {
            "access": timedelta(minutes=access_minutes),
            "refresh": timedelta(days=refresh_days),
        }

    def lifetime_seconds(self, type_: TokenType) -> int:
        """How long a token of this type is good for."""
        return int(self._lifetimes[type_].total_seconds())

    def issue(self, identity: Identity, type_: TokenType) -> str:
        """A new token."""
        now = datetime.now(UTC)
        claims = {
            "sub": str(identity.user_id),
            "type": type_,
            "iat": now,
            "exp": now + self._lifetimes[type_],
            "jti": str(uuid4()),
            "sid": str(identity.login_id),
            "email": identity.email,
            "role": identity.role,
            "organization_id": str(identity.organization_id),
        }
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def read(self, token: str, type_: TokenType) -> Identity:
        """Whose token this is. Raises `TokenExpired` or `TokenInvalid`."""
        try:
            claims = jwt.decode(token, self._secret, algorithms=[ALGORITHM], options={"require": list(REQUIRED_CLAIMS)})
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except (jwt.PyJWTError, ValueError):
            raise TokenInvalid("it is malformed or not signed by this service") from None
        if claims["type"] != type_:
            article = "an" if type_ == "access" else "a"
            raise TokenInvalid(f"{article} {type_} token is needed here")
        try:
            return _identity(claims)
        except (KeyError, ValueError, TypeError, AttributeError):
            raise TokenInvalid("it does not say whose it is") from None


def _identity(claims: dict[str, Any]) -> Identity:
    role: Role = claims["role"]
    if role not in get_args(Role):
        raise ValueError(f"unknown role {role!r}")
    return Identity(
        user_id=UUID(claims["sub"]),
        organization_id=UUID(claims["organization_id"]),
        email=str(claims["email"]),
        role=role,
        login_id=UUID(claims["sid"]),
    )
