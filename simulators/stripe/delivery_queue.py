"""Webhook deliveries that are owed, kept in SQLite so that a restart owes them still."""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from simulators.stripe.config import SimulatorConfig
from simulators.stripe.database import Database
from simulators.stripe.fault import FaultBox

State = Literal["pending", "delivered", "failed"]


@dataclass(frozen=True)
class Delivery:
    """One event on its way to the receiver."""

    id: int
    event_id: str
    attempts: int


class DeliveryQueue:
    """Adds, orders and settles deliveries."""

    def __init__(self, database: Database, config: SimulatorConfig, faults: FaultBox) -> None:
        self._database = database
        self._config = config
        self._faults = faults

    def add(self, event_id: str) -> None:
        """Owe a new event to the receiver, as often as the faults in force say."""
        for _ in range(1 + self._faults.current.webhook_duplicates):
            self.add_once(event_id)

    def add_once(self, event_id: str) -> None:
        """Owe an event to the receiver once (more), if there is a receiver."""
        if self._config.webhook_url is None:
            return
        now = now_ms()
        self._database.execute(
            "insert into deliveries (event_id, created_at_ms, due_at_ms) values (?, ?, ?)",
            (event_id, now, self._due_at_ms(now)),
        )

    def _due_at_ms(self, now: int) -> int:
        faults = self._faults.current
        due = now + faults.webhook_delay_ms
        if not faults.webhook_shuffle:
            return due
        # All that fall into one window become due together, which is what gives shuffling something to shuffle.
        window = faults.webhook_shuffle_window_ms
        return math.ceil(due / window) * window

    def due(self, now: int, *, limit: int, excluding: set[int]) -> list[Delivery]:
        """Deliveries to start at ``now`` (epoch milliseconds), in the order in which to start them."""
        rows = self._database.execute(
            "select id, event_id, attempts from deliveries where state = 'pending' and due_at_ms <= ? "
            "order by due_at_ms, id limit ?",
            (now, limit + len(excluding)),
        )
        deliveries = [Delivery(row["id"], row["event_id"], row["attempts"]) for row in rows]
        deliveries = [delivery for delivery in deliveries if delivery.id not in excluding]
        if self._faults.current.webhook_shuffle:
            deliveries.sort(key=self._shuffled_place)
        return deliveries

    def _shuffled_place(self, delivery: Delivery) -> float:
        # Not for secrets: the order must come out the same for the same seed.
        return random.Random(f"{self._faults.current.seed}:{delivery.id}").random()  # nosec B311

    def next_due_at_ms(self, now: int) -> int | None:
        """When the first delivery that is not due at ``now`` becomes due, both in epoch milliseconds."""
        row = self._database.execute(
            "select min(due_at_ms) as due from deliveries where state = 'pending' and due_at_ms > ?", (now,)
        ).fetchone()
        due: int | None = row["due"]
        return due

    def settle(self, delivery: Delivery, *, status: int | None, error: str | None) -> None:
        """Write down how an attempt ended, and when the next one is due if it failed."""
        attempts = delivery.attempts + 1
        now = now_ms()
        state, due = self._after(attempts, is_accepted=error is None, now=now)
        delivered = now if error is None else None
        self._database.execute(
            "update deliveries set state = ?, attempts = ?, due_at_ms = ?, delivered_at_ms = ?, last_status = ?, "
            "last_error = ? where id = ?",
            (state, attempts, due, delivered, status, error, delivery.id),
        )

    def _after(self, attempts: int, *, is_accepted: bool, now: int) -> tuple[State, int]:
        if is_accepted:
            return "delivered", now
        delay = self._config.retry.delay_seconds(attempts)
        return ("failed", now) if delay is None else ("pending", now + int(delay * 1000))

    def pending_by_event(self, event_ids: Sequence[str]) -> dict[str, int]:
        """How many receivers have not yet accepted each event: with one receiver, 1 or 0."""
        marks = ", ".join("?" * len(event_ids))
        statement = " ".join(
            [
                "select event_id from deliveries where event_id in (",
                marks,
                ") group by event_id having max(state = 'delivered') = 0",
            ]
        )
        waiting = {row["event_id"] for row in self._database.execute(statement, tuple(event_ids))}
        return {event_id: int(event_id in waiting) for event_id in event_ids}

    def counts(self) -> dict[State, int]:
        """Deliveries by state."""
        counts: dict[State, int] = {"pending": 0, "delivered": 0, "failed": 0}
        for row in self._database.execute("select state, count(*) as number from deliveries group by state"):
            counts[row["state"]] = row["number"]
        return counts

    def latest(self, *, state: State | None, event_id: str | None, limit: int) -> list[dict[str, Any]]:
        """Deliveries as they stand, newest first."""
        rows = self._database.execute(
            "select * from deliveries where (?1 is null or state = ?1) and (?2 is null or event_id = ?2) "
            "order by id desc limit ?3",
            (state, event_id, limit),
        )
        return [dict(row) for row in rows]


def now_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000
