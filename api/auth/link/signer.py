"""Signs the tokens in links, so that a forged one is refused before anything is looked up."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import jwt

from api.auth.derived_key import derive_key
from api.auth.link.errors import LinkInvalid

ALGORITHM = "HS256"
REQUIRED_CLAIMS = ("exp", "aud", "jti")

Purpose = Literal["email_verification", "password_reset", "invitation"]

LIFETIMES: dict[Purpose, timedelta] = {
    "email_verification": timedelta(days=2),
    # Lets whoever holds it into an account: no longer than it takes to find the mail.
    "password_reset": timedelta(hours=1),
    "invitation": timedelta(days=7),
}


@dataclass(frozen=True)
class SignedLink:
    """A new token, with what is stored of it."""

    token: str
    token_hash: bytes
    expires_at: datetime


class LinkSigner:
    """Makes and reads the tokens of links, each for one purpose."""

    def __init__(self, secret: str) -> None:
        self._key = derive_key(secret, "account-links")

    def sign(self, purpose: Purpose) -> SignedLink:
        """A new token."""
        expires_at = datetime.now(UTC) + LIFETIMES[purpose]
        claims = {"aud": purpose, "jti": secrets.token_urlsafe(24), "exp": expires_at}
        token = jwt.encode(claims, self._key, algorithm=ALGORITHM)
        return SignedLink(token, _hash(token), expires_at)

    def read(self, token: str, purpose: Purpose) -> bytes:
        """What is stored of a token. Raises `LinkInvalid` when it was not signed here for this, or has expired."""
        try:
            jwt.decode(
                token, self._key, algorithms=[ALGORITHM], audience=purpose, options={"require": list(REQUIRED_CLAIMS)}
            )
        except (jwt.PyJWTError, ValueError):
            raise LinkInvalid from None
        return _hash(token)


def _hash(token: str) -> bytes:
    # The token is random: nothing slower is needed to keep it from being found again.
    return hashlib.sha256(token.encode()).digest()


def fingerprint(value: str | None) -> bytes:
    """What a link is bound to, such as an e-mail or the number of a password, without saying it."""
    return hashlib.sha256((value or "").encode()).digest()
