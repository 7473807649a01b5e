"""Signed tokens: who a request comes from, checked without asking the database."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

import jwt

from api.auth.errors import TokenExpired, TokenInvalid
from api.auth.identity import ROLES, Identity, session_identity

ALGORITHM = "HS256"
ISSUER = "prompt-marketplace"
AUDIENCE = "prompt-marketplace-api"
REQUIRED_CLAIMS = ("sub", "email", "role", "organization_id", "sid", "jti", "typ", "iat", "exp", "iss", "aud")

# A signature is checked once a process, and looked up after that: 93 µs become 1. Some 2 KB each.
VERIFIED_TOKENS_KEPT = 8192
KEY_ID_LENGTH = 16

TokenType = Literal["access", "refresh"]


@dataclass(frozen=True)
class SignedToken:
    """What a token says, once its signature was found good."""

    identity: Identity
    token_id: UUID
    type: TokenType
    issued_at: float
    expires_at: float


def key_id(secret: str) -> str:
    """The name of a signing key, `kid` in a header: the same in every process, and it tells nothing of the key."""
    return hashlib.sha256(b"kid:" + secret.encode()).hexdigest()[:KEY_ID_LENGTH]


class TokenIssuer:
    """Issues tokens with one secret, and reads those of the secrets before it too."""

    def __init__(
        self,
        secret: str,
        *,
        previous_secrets: Sequence[str] = (),
        access_seconds: int,
        refresh_seconds: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._key_id = key_id(secret)
        self._keys = {key_id(each): each for each in (*previous_secrets, secret)}
        self._lifetimes: dict[TokenType, int] = {"access": access_seconds, "refresh": refresh_seconds}
        self._verified = lru_cache(maxsize=VERIFIED_TOKENS_KEPT)(self._verify)

    def lifetime_seconds(self, type_: TokenType) -> int:
        """How long a token of this type is good for."""
        return self._lifetimes[type_]

    def issue(self, identity: Identity, type_: TokenType, token_id: UUID) -> str:
        """A new token."""
        now = int(self._clock())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "typ": type_,
            "jti": str(token_id),
            "iat": now,
            "exp": now + self._lifetimes[type_],
            "sub": str(identity.user_id),
            "sid": str(identity.session_id),
            "email": identity.email,
            "role": identity.role,
            "organization_id": str(identity.organization_id),
        }
        return jwt.encode(claims, self._keys[self._key_id], algorithm=ALGORITHM, headers={"kid": self._key_id})

    def read(self, token: str, type_: TokenType) -> SignedToken:
        """What a token of this type says. Raises `TokenExpired` or `TokenInvalid`."""
        signed = self._verified(token)
        if signed.expires_at <= self._clock():
            raise TokenExpired
        if signed.type != type_:
            article = "an" if type_ == "access" else "a"
            raise TokenInvalid(f"{article} {type_} token is needed here")
        return signed

    def _verify(self, token: str) -> SignedToken:
        """Everything about a token that stays true as time passes."""
        try:
            claims = jwt.decode(
                token,
                self._key_of(token),
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={"require": list(REQUIRED_CLAIMS), "strict_aud": True},
            )
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except (jwt.PyJWTError, ValueError):
            raise TokenInvalid("it is malformed or not signed by this service") from None
        try:
            return _signed_token(claims)
        except (KeyError, ValueError, TypeError, AttributeError):
            raise TokenInvalid("it does not say whose it is") from None

    def _key_of(self, token: str) -> str:
        """The key that a token names. Nothing else of its header is believed."""
        found = self._keys.get(jwt.get_unverified_header(token).get("kid", ""))
        if found is None:
            raise TokenInvalid("it is signed with a key that this service does not know")
        return found


def _signed_token(claims: dict[str, Any]) -> SignedToken:
    if claims["role"] not in ROLES or claims["typ"] not in {"access", "refresh"}:
        raise ValueError("unknown role or type")
    identity = session_identity(
        user_id=UUID(claims["sub"]),
        organization_id=UUID(claims["organization_id"]),
        email=str(claims["email"]),
        role=claims["role"],
        session_id=UUID(claims["sid"]),
    )
    return SignedToken(identity, UUID(claims["jti"]), claims["typ"], float(claims["iat"]), float(claims["exp"]))
