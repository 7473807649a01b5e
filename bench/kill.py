"""Kills what stores events, again and again, while events are sent at full speed, and counts what is left.

An acknowledged event must be stored, and no event twice, whatever died when. A batch that was not acknowledged is sent
again, as a client does, so that repetitions are part of it.
"""

import random
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import click
import httpx

from bench.marketplace import Marketplace, Victim
from warehouse.databases import connect
from warehouse.journal import Flusher

VICTIMS: tuple[Victim, ...] = ("api", "flusher", "redis", "postgres")
KILLS = 20
EVENTS = 100_000
EVENTS_A_BATCH = 500
SENDERS = 2
RETRY_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 1.5
EVENT_NAME = "category.browsed"


@dataclass(frozen=True)
class Outcome:
    """What was left when everything had died often enough."""

    acknowledged: int
    stored: int
    lost: int
    stored_twice: int
    # From the ledger.
    received: int
    duplicates: int
    quarantined: int
    ledger_stored: int


@dataclass
class Sender:
    """Sends batches, each until it is acknowledged."""

    url: str
    headers: dict[str, str]
    stop: threading.Event
    acknowledged: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Send until stopped."""
        with httpx.Client(base_url=self.url, headers=self.headers, timeout=30, trust_env=False) as client:
            while not self.stop.is_set():
                self._send(client, {str(uuid4()) for _ in range(EVENTS_A_BATCH)})

    def _send(self, client: httpx.Client, ids: set[str]) -> None:
        moment = datetime.now(UTC).isoformat()
        common = {"event_name": EVENT_NAME, "occurred_at": moment, "properties": {"category": "writing"}}
        batch = [{"event_id": event_id, **common} for event_id in ids]
        while not self.stop.is_set():
            try:
                if client.post("/analytics/events", json=batch).status_code == 202:
                    self.acknowledged |= ids
                    return
            except httpx.TransportError:
                pass
            self.stop.wait(RETRY_SECONDS)


def kill_and_count(place: Path, victims: Sequence[Victim], *, events: int, seed: int = 7) -> Outcome:
    """Kill the victims in turn, at random moments, until they are through and `events` are acknowledged."""
    chance = random.Random(seed)
    marketplace = Marketplace(place)
    stop = threading.Event()
    try:
        marketplace.start("api")
        marketplace.start("flusher")
        headers = marketplace.sign_up()
        senders = [Sender(marketplace.url, headers, stop) for _ in range(SENDERS)]
        threads = [threading.Thread(target=sender.run) for sender in senders]
        for thread in threads:
            thread.start()
        try:
            for victim in victims:
                time.sleep(chance.uniform(0, LONGEST_WAIT_SECONDS))
                marketplace.kill(victim)
            while sum(len(sender.acknowledged) for sender in senders) < events:
                time.sleep(RETRY_SECONDS)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    finally:
        marketplace.stop()
    return _count(marketplace, set().union(*(sender.acknowledged for sender in senders)))


def _count(marketplace: Marketplace, acknowledged: set[str]) -> Outcome:
    with marketplace.servers() as servers:
        Flusher(servers.redis_url, servers.database_url, max_events=1, interval_seconds=1).flush_all()
        with connect(servers.database_url) as connection:
            rows = connection.execute("select event_id from raw_events where event_name = %s", [EVENT_NAME]).fetchall()
            ledger = connection.execute(
                "select sum(received_count)::bigint as received, sum(duplicate_count)::bigint as duplicates,"
                " sum(quarantined_count)::bigint as quarantined, sum(stored_count)::bigint as ledger_stored,"
                " (select count(*) from raw_events) as stored from event_batches"
            ).fetchone()
    stored = [row["event_id"] for row in rows]
    assert ledger is not None
    return Outcome(
        acknowledged=len(acknowledged),
        lost=len(acknowledged - set(stored)),
        stored_twice=len(stored) - len(set(stored)),
        **ledger,
    )


def measure_kills() -> None:
    """Print what is left after 20 kills at random moments."""
    victims = [VICTIMS[i % len(VICTIMS)] for i in range(KILLS)]
    random.Random(1).shuffle(victims)
    with tempfile.TemporaryDirectory(prefix="marketplace-kill-") as directory:
        outcome = kill_and_count(Path(directory), victims, events=EVENTS)
    click.echo(f"killed with -9, at random moments: {', '.join(victims)}")
    for label, count in (
        ("acknowledged", outcome.acknowledged),
        ("acknowledged, not stored", outcome.lost),
        ("stored twice", outcome.stored_twice),
        ("rows stored in all", outcome.stored),
        ("ledger: received", outcome.received),
        ("ledger: stored + duplicates + quarantined", outcome.ledger_stored + outcome.duplicates + outcome.quarantined),
        ("ledger: stored", outcome.ledger_stored),
        ("ledger: duplicates", outcome.duplicates),
    ):
        click.echo(f"{label:<46}{count:>12,}")
