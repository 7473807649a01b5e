"""Remembers for a while which prompts exist for whom, so that not every batch of events asks the database."""

import time
from collections.abc import Collection
from uuid import UUID

from api.analytics import repository
from api.database import Database
from api.tenancy import PLATFORM

# A prompt that was on the market stays known for ever, so being late is no harm but for a draft that was deleted:
# storing looks again, and keeps its events in quarantine.
REMEMBERED_SECONDS = 60.0
REMEMBERED_PROMPTS = 50_000


class KnownPrompts:
    """Of one process. Only that a prompt is known is remembered: one that is not may be published the next moment."""

    def __init__(self) -> None:
        self._until: dict[tuple[UUID, bytes], float] = {}

    async def find(self, database: Database, ids: Collection[bytes], organization_id: UUID) -> set[bytes]:
        """Those of the prompts, by the 16 bytes of their ids, that the organization can know of.

        Raises one of `api.database.DATABASE_DOWN` when one has to be looked up and the database does not answer.
        """
        now = time.monotonic()
        unsure = [each for each in ids if self._until.get((organization_id, each), 0.0) <= now]
        if not unsure:
            return set(ids)
        async with database.reading(PLATFORM) as session:
            found = await repository.find_known_prompts(session, [UUID(bytes=each) for each in unsure], organization_id)
        known = {each.bytes for each in found}
        if len(self._until) + len(known) > REMEMBERED_PROMPTS:
            self._until.clear()
        self._until |= {(organization_id, each): now + REMEMBERED_SECONDS for each in known}
        return set(ids) - set(unsure) | known
