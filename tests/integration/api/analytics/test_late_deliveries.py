"""Events that come late, in any order and repeatedly: within the window each counts once, beyond it each is counted."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow

from api.analytics.batch import read_batch
from api.auth.identity import session_identity
from warehouse.databases import connect
from warehouse.events import LIVE_EVENT_MAX_AGE_DAYS
from warehouse.journal import Rejected, StoreReport, quarantine, record_batch
from warehouse.journal.storing import store_batch

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = timedelta(days=LIVE_EVENT_MAX_AGE_DAYS)
SOMEBODY = UUID("0192f0c4-7a3e-7c1b-9d52-3e6f8a1b2c4e")
USER = session_identity(
    user_id=SOMEBODY, organization_id=SOMEBODY, email="ana@acme.example", role="buyer", session_id=SOMEBODY
)
LEDGER = """
select sum(received_count)::int as received, sum(stored_count)::int as stored, sum(duplicate_count)::int as duplicates,
    sum(quarantined_count)::int as quarantined
from event_batches
"""


@dataclass(frozen=True)
class Delivery:
    """An event as it arrives; several of one event differ in nothing but when."""

    event: dict[str, Any]
    received_at: datetime
    is_beyond: bool


def random_schedule(seed: int) -> list[Delivery]:
    """Thirty events of three weeks: at once, late, or after the window, some up to three times, by when they arrive."""
    random = Random(seed)
    deliveries = []
    for number in range(30):
        occurred_at = START + timedelta(minutes=random.randrange(21 * 24 * 60))
        event = {"event_id": f"event {number}", "event_name": "page.opened", "occurred_at": occurred_at.isoformat()}
        for _ in range(random.randint(1, 3)):
            # What arrives together has one time of arrival, at midnight of some day.
            late = timedelta(days=random.choice((1, 2, 9, 29, 30, 31, 45, 80)))
            received_at = (occurred_at + late).replace(hour=0, minute=0)
            deliveries.append(Delivery(event, received_at, is_beyond=received_at - occurred_at > WINDOW))
    random.shuffle(deliveries)
    return sorted(deliveries, key=lambda delivery: delivery.received_at)


def deliver(connection: psycopg.Connection[DictRow], schedule: list[Delivery]) -> None:
    """As the service takes events in, with the clock of the schedule."""
    for received_at, together in groupby(schedule, key=lambda delivery: delivery.received_at):
        body = json.dumps([delivery.event for delivery in together]).encode()
        batch = read_batch(body, USER, received_at=received_at, max_events=1000)
        store_batch(connection, list(batch.events.values()), origin="api")
        refused = [Rejected("events", "api", each.raw, each.reason, each.detail) for each in batch.refused]
        quarantine(connection, refused)
        record_batch(connection, StoreReport(received=len(refused), quarantined=len(refused)), origin="api")


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    with connect(database_url, autocommit=True) as connection:
        yield connection


class TestLateDeliveries:
    @pytest.mark.parametrize(
        "seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 100))]
    )
    def test_what_is_beyond_the_window_is_counted_and_the_count_is_true(self, connection, seed):
        connection.execute("truncate raw_events, event_ids, event_batches, quarantine")
        schedule = random_schedule(seed)
        deliver(connection, schedule)
        beyond = [delivery for delivery in schedule if delivery.is_beyond]
        within = {delivery.event["event_id"]: delivery.event for delivery in schedule if not delivery.is_beyond}
        assert connection.execute(LEDGER).fetchone() == {
            "received": len(schedule), "stored": len(within), "quarantined": len(beyond),
            "duplicates": len(schedule) - len(beyond) - len(within),
        }  # fmt: skip
        stored = connection.execute("select event_id, occurred_at from raw_events").fetchall()
        assert {row["event_id"]: row["occurred_at"].isoformat() for row in stored} == {
            name: event["occurred_at"] for name, event in within.items()
        }
        reasons = connection.execute("select reason, count(*)::int as events from quarantine group by 1").fetchall()
        assert {row["reason"]: row["events"] for row in reasons} == {
            "occurred_at_too_old": len({delivery.event["event_id"] for delivery in beyond})
        }
