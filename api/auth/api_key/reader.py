"""Who an API key stands for: read from the database, and remembered for a moment."""

import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

import structlog

from api.auth.api_key import repository
from api.auth.api_key.errors import ApiKeyInvalid
from api.auth.api_key.secret import KeyHasher, KeySecret, parse_key
from api.auth.identity import ROLES, Identity, Role, Scope, scopes_of
from api.database import DATABASE_DOWN, Database
from api.errors import ServiceUnavailable
from api.tenancy import PLATFORM

logger = structlog.get_logger(__name__)

# How long a process may answer from memory; a change is marked for longer than this (see `Revocations`).
REMEMBERED_SECONDS = 60
REMEMBERED_MAX = 4096


@dataclass(frozen=True)
class _Remembered:
    identity: Identity
    secret_hash: bytes
    until: float


class ApiKeyReader:
    """Turns keys into identities."""

    def __init__(self, database: Database, hasher: KeyHasher) -> None:
        self.hasher = hasher
        self._database = database
        self._remembered: dict[str, _Remembered] = {}

    async def read(self, text: str, has_changed: Callable[[Identity], Awaitable[bool]]) -> Identity:
        """Who a key stands for. Raises `ApiKeyInvalid`, or `ServiceUnavailable` when it can't be looked up.

        `has_changed` tells whether what is remembered of a key must not be believed.
        """
        key = parse_key(text)
        if key is None:
            raise ApiKeyInvalid
        remembered = self._recall(key)
        if remembered is not None and not await has_changed(remembered.identity):
            return remembered.identity
        return await self._look_up(key)

    def _recall(self, key: KeySecret) -> _Remembered | None:
        found = self._remembered.get(key.prefix)
        if found is None or found.until <= time.time() or not self._is_secret_of(key, found.secret_hash):
            return None
        return found

    async def _look_up(self, key: KeySecret) -> Identity:
        self._remembered.pop(key.prefix, None)
        try:
            async with self._database.reading(PLATFORM) as session:
                found = await repository.find_usable(session, key.prefix)
        except DATABASE_DOWN as error:
            logger.error("api_key_not_looked_up", error=str(error))
            raise ServiceUnavailable("API keys can't be looked up just now. Try again in a moment.") from error
        if found is None or not self._is_secret_of(key, found[0].secret_hash):
            raise ApiKeyInvalid
        row, maker = found
        # A key is a company's; whoever became an operator since has none any more.
        if maker.role == "admin" or maker.role not in ROLES or maker.organization_id != row.organization_id:
            raise ApiKeyInvalid
        role = cast(Role, maker.role)
        identity = Identity(
            user_id=maker.id,
            organization_id=row.organization_id,
            email=maker.email or "",
            role=role,
            session_id=None,
            # Never more than the maker may do now.
            scopes=frozenset(cast(list[Scope], row.scopes)) & scopes_of(role),
            api_key_id=row.id,
        )
        if len(self._remembered) >= REMEMBERED_MAX:
            self._remembered.clear()
        until = min(time.time() + REMEMBERED_SECONDS, row.expires_at.timestamp())
        self._remembered[key.prefix] = _Remembered(identity, row.secret_hash, until)
        return identity

    def _is_secret_of(self, key: KeySecret, secret_hash: bytes) -> bool:
        return hmac.compare_digest(self.hasher.hash(key), secret_hash)
