"""Lets one of several equal requests through at a time, and remembers what was answered."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.database import AsyncWriteSession, Database
from api.idempotency import repository
from api.idempotency.attempt import Answer, Attempt
from api.idempotency.errors import (
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    IdempotentAnswerWithheld,
    IdempotentClaimLost,
    IdempotentOutcomeUnknown,
)
from api.tenancy import PLATFORM, enter

logger = structlog.get_logger(__name__)

# How long a request waits for an equal one before it is told to come again.
TURN_SECONDS = 30.0
# How often the answer of another process is looked for.
POLL_SECONDS = 0.1
# An answer with a secret is kept in memory only: long enough for a client that lost its connection.
SECRET_SECONDS = 60.0
SECRETS_MAX = 1_000


@dataclass(frozen=True)
class _Secret:
    fingerprint: bytes
    answer: Answer
    expires_at: float


class IdempotencyKeeper:
    """What one process knows of keys. The database holds what must outlive it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._secrets: OrderedDict[tuple[str, str], _Secret] = OrderedDict()

    @asynccontextmanager
    async def turn(self, attempt: Attempt) -> AsyncIterator[None]:
        """Wait until no equal request of this process is being worked on. Raises `IdempotencyKeyInUse`.

        Waiting here, and not in the database, keeps two hundred equal requests from taking every connection.
        """
        name = (attempt.caller, attempt.key)
        lock = self._turns.get(name)
        if lock is None:
            lock = self._turns[name] = asyncio.Lock()
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await lock.acquire()
        except TimeoutError:
            raise IdempotencyKeyInUse(attempt.key) from None
        try:
            yield
        finally:
            lock.release()

    async def begin(self, attempt: Attempt, *, can_resume: bool) -> Answer | None:
        """The answer to give again; None when the request is to be worked on. Raises the errors of `errors`."""
        deadline = time.monotonic() + TURN_SECONDS
        while True:
            if (secret := self._find_secret(attempt)) is not None:
                return secret
            async with self._database.writing(PLATFORM) as session:
                if await repository.claim(session, attempt, can_resume=can_resume):
                    return None
            answer, is_settled = await self._find(attempt)
            if is_settled:
                return answer
            if time.monotonic() > deadline:
                raise IdempotencyKeyInUse(attempt.key)
            await asyncio.sleep(POLL_SECONDS)

    async def _find(self, attempt: Attempt) -> tuple[Answer | None, bool]:
        async with self._database.reading(PLATFORM) as session:
            found = await repository.find(session, attempt)
        if found is None:
            return None, False
        row, is_claimed = found
        if row.fingerprint != attempt.fingerprint:
            raise IdempotencyKeyReused(attempt.key)
        if row.answer_status is None:
            if not is_claimed:
                raise IdempotentOutcomeUnknown(attempt.key)
            return None, False
        if row.answer_body is None:
            raise IdempotentAnswerWithheld(attempt.key)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in row.answer_headers.items()]  # type: ignore[union-attr]
        return Answer(row.answer_status, headers, row.answer_body), True

    async def record(self, session: AsyncWriteSession, attempt: Attempt, answer: Answer) -> None:
        """Keep the answer in the transaction that has the effect. Raises `IdempotentClaimLost`, which undoes it."""
        if not answer.is_keepable:
            return
        await session.flush()
        await enter(session, PLATFORM)
        if not await repository.record(session, attempt, answer):
            raise IdempotentClaimLost(attempt.key)
        attempt.is_recorded = True

    async def settle(self, attempt: Attempt, answer: Answer) -> None:
        """After the effect: keep the answer if that was not done with it, or give the key back for a refusal."""
        if answer.is_keepable and answer.holds_secret(attempt):
            self._keep_secret(attempt, answer)
            if not attempt.is_recorded:
                # Such requests can be made again: each has its own answer.
                await self.release(attempt)
        elif not answer.is_keepable:
            await self.release(attempt)
        elif not attempt.is_recorded:
            async with self._database.writing(PLATFORM) as session:
                await repository.record(session, attempt, answer)

    async def release(self, attempt: Attempt) -> None:
        """Give the key back. Where the database does not answer, the claim ends by itself."""
        try:
            async with self._database.writing(PLATFORM) as session:
                await repository.release(session, attempt)
        except (SQLAlchemyError, OSError) as error:
            logger.warning("idempotency_key_not_released", error=type(error).__name__)

    def _find_secret(self, attempt: Attempt) -> Answer | None:
        secret = self._secrets.get((attempt.caller, attempt.key))
        if secret is None or secret.expires_at < time.monotonic():
            return None
        if secret.fingerprint != attempt.fingerprint:
            raise IdempotencyKeyReused(attempt.key)
        return secret.answer

    def _keep_secret(self, attempt: Attempt, answer: Answer) -> None:
        now = time.monotonic()
        kept = Answer(answer.status, [(n.encode(), v.encode()) for n, v in answer.kept_headers().items()], answer.body)
        self._secrets[attempt.caller, attempt.key] = _Secret(attempt.fingerprint, kept, now + SECRET_SECONDS)
        self._secrets.move_to_end((attempt.caller, attempt.key))
        while self._secrets and (
            len(self._secrets) > SECRETS_MAX or next(iter(self._secrets.values())).expires_at < now
        ):
            self._secrets.popitem(last=False)
