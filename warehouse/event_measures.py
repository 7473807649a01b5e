"""How well events arrive: late, anonymous, refused or lost, each as a share with the threshold it is held against.

Lateness and what is missing are measured of live events. An import is late by nature.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import redis
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.erasure.event import MARK
from warehouse.events import NEEDS_PROMPT, SERVER_SOURCES
from warehouse.journal.stream import ACCEPTED, DROPPED
from warehouse.settings import Settings

Connection = psycopg.Connection[DictRow]

# These are somebody's doing, and nobody does them without a log-in.
NEEDS_USER = frozenset(
    {
        "prompt.clicked", "checkout.started", "order.paid", "order.refunded", "review.submitted", "prompt.rendered",
        "prompt.executed",
    }
)  # fmt: skip
RECENT_HOURS = 24
# What was accepted in the last day, in the application database.
RECENT = (
    f"raw_events where received_at >= now() - interval '{RECENT_HOURS} hours'",
    f"event_batches where recorded_at >= now() - interval '{RECENT_HOURS} hours'",
)
# What the newest load brought, in the warehouse: the events of its batches. An erasure stamps old ones anew, and new
# ones once more; they are looked for by the stamp first, of which there is an index.
LAST_LOADED = (
    "raw_events.events where _loaded_at >= (select max(_loaded_at) from raw_events.event_batches)"
    " and batch_id in (select batch_id from raw_events.event_batches"
    " where _loaded_at = (select max(_loaded_at) from raw_events.event_batches))",
    "raw_events.event_batches where _loaded_at = (select max(_loaded_at) from raw_events.event_batches)",
)

BY_NAME = """
select
    event_name,
    count(*) as event_count,
    count(*) filter (where user_id is null) as null_user_count,
    count(*) filter (where session_id is null) as null_session_count,
    count(*) filter (where prompt_id is null) as null_prompt_count,
    percentile_disc(0.5) within group (order by extract(epoch from received_at - occurred_at))::float8
        as lateness_p50_seconds,
    percentile_disc(0.95) within group (order by extract(epoch from received_at - occurred_at))::float8
        as lateness_p95_seconds
from {events} and (source = any({ours}) or source like 'client:%%')
    -- Of whom it was is gone on purpose.
    and not (user_id is null and properties ? '{mark}')
group by grouping sets ((event_name), ())
order by event_name nulls first
"""
LEDGER = """
select
    coalesce(sum(received_count), 0)::bigint as received_count,
    coalesce(sum(quarantined_count), 0)::bigint as quarantined_count
from {batches}
"""


@dataclass(frozen=True)
class Measure:
    """A figure, and the highest that is usual; the figure is None where there was nothing to measure."""

    name: str
    value: float | None
    threshold: float

    @property
    def is_exceeded(self) -> bool:
        """Whether somebody should look."""
        return self.value is not None and self.value > self.threshold


@dataclass(frozen=True)
class EventMeasures:
    """What was measured, over all live events and of each name."""

    event_count: int
    measures: list[Measure]
    by_name: list[dict[str, Any]]

    @property
    def exceeded(self) -> list[Measure]:
        """The measures over their thresholds."""
        return [measure for measure in self.measures if measure.is_exceeded]


def read_dropped_share(redis_url: str) -> float | None:
    """The share of all events ever that the service had to leave out, by the counters of the journal."""
    with redis.Redis.from_url(redis_url) as journal:
        accepted, dropped = (int(str(journal.get(name) or b"0", "ascii")) for name in (ACCEPTED, DROPPED))
    return share(dropped, accepted + dropped)


def measure_events(
    connection: Connection, settings: Settings, *, place: tuple[str, str], dropped_share: float | None
) -> EventMeasures:
    """Measure the events and batches of a place: `RECENT` in the application database, `LAST_LOADED` in the warehouse.

    What the service left out is in neither, so its share (`read_dropped_share`) is given.
    """
    events, batches = (sql.SQL(each) for each in place)
    query = sql.SQL(BY_NAME).format(events=events, ours=sorted(SERVER_SOURCES), mark=sql.SQL(MARK))
    total, *by_name = connection.execute(query).fetchall()
    ledger = connection.execute(sql.SQL(LEDGER).format(batches=batches)).fetchone()
    assert ledger is not None
    measures = [
        Measure("lateness_p50_seconds", total["lateness_p50_seconds"], settings.event_lateness_p50_max_seconds),
        Measure("lateness_p95_seconds", total["lateness_p95_seconds"], settings.event_lateness_p95_max_seconds),
        Measure("null_user_share", _null_share(by_name, "user", NEEDS_USER), settings.event_null_user_max_share),
        Measure("null_session_share", _null_share(by_name, "session"), settings.event_null_session_max_share),
        Measure(
            "null_prompt_share", _null_share(by_name, "prompt", NEEDS_PROMPT), settings.event_null_prompt_max_share
        ),
        Measure(
            "quarantined_share",
            share(ledger["quarantined_count"], ledger["received_count"]),
            settings.event_quarantined_max_share,
        ),
        Measure("dropped_share", dropped_share, settings.event_dropped_max_share),
    ]
    return EventMeasures(total["event_count"], measures, [_with_shares(row) for row in by_name])


def share(part: int, whole: int) -> float | None:
    """A part of a whole, 0-1; None without a whole."""
    return part / whole if whole else None


def _null_share(rows: Sequence[DictRow], what: str, event_names: frozenset[str] | None = None) -> float | None:
    """The share without a user, session or prompt among the events of these names (None: of all)."""
    asked = [row for row in rows if event_names is None or row["event_name"] in event_names]
    return share(sum(row[f"null_{what}_count"] for row in asked), sum(row["event_count"] for row in asked))


def _with_shares(row: DictRow) -> dict[str, Any]:
    shares = {
        f"null_{what}_share": share(row[f"null_{what}_count"], row["event_count"])
        for what in ("user", "session", "prompt")
    }
    kept = ("event_name", "event_count", "lateness_p50_seconds", "lateness_p95_seconds")
    return {name: row[name] for name in kept} | shares
