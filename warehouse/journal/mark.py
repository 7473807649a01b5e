"""What is noted about an event because of who it is from and about: a seller's own visits, and those of staff."""

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg.rows import DictRow

from warehouse.journal.packed import PackedEvents

Connection = psycopg.Connection[DictRow]


@dataclass(frozen=True)
class Marks:
    """The prompts that events are about, those that exist, with their sellers and the others; the users among staff."""

    sellers: dict[bytes, bytes]
    unknown: frozenset[bytes]
    staff: frozenset[bytes]

    def find_unknown(self, events: PackedEvents) -> list[int]:
        """The ordinals of events about a prompt that does not exist."""
        if not self.unknown:
            return []
        return [ordinal for ordinal, prompt in enumerate(events.ids["prompt_id"] or ()) if prompt in self.unknown]

    def write(self, events: PackedEvents, *, batch_id: int) -> memoryview:
        """The rows of `raw_events`, with the batch and what is noted at the end."""
        return events.whole_rows(batch_id=batch_id, is_own=self._own(events), is_staff=self._staff(events))

    def _own(self, events: PackedEvents) -> list[bool] | None:
        prompts, organizations = events.ids["prompt_id"], events.ids["organization_id"]
        if prompts is None or organizations is None or not self.sellers:
            return None
        sellers = map(self.sellers.get, (prompt or b"" for prompt in prompts))
        return [
            seller is not None and seller == organization
            for seller, organization in zip(sellers, organizations, strict=True)
        ]

    def _staff(self, events: PackedEvents) -> list[bool] | None:
        users = events.ids["user_id"]
        return None if users is None or not self.staff else [user in self.staff for user in users]


def find_marks(connection: Connection, events: PackedEvents) -> Marks:
    """What has to be known of the prompts and users of events."""
    prompts = _named(events.ids["prompt_id"])
    users = _named(events.ids["user_id"])
    sellers, staff = {}, frozenset[bytes]()
    if prompts:
        found = connection.execute(
            "select id, seller_organization_id as seller from prompts where id = any(%s::uuid [])", [_array(prompts)]
        )
        sellers = {row["id"].bytes: row["seller"].bytes for row in found}
    if users:
        found = connection.execute(
            "select id from users where role = 'admin' and id = any(%s::uuid [])", [_array(users)]
        )
        staff = frozenset(row["id"].bytes for row in found)
    return Marks(sellers, prompts - sellers.keys(), staff)


def _named(ids: Iterable[bytes | None] | None) -> frozenset[bytes]:
    return frozenset(each for each in {*(ids or ())} if each is not None)


def _array(ids: Iterable[bytes]) -> str:
    """An array as Postgres writes it: making objects of the ids takes longer than to look them up."""
    return "{" + ",".join([each.hex() for each in ids]) + "}"
