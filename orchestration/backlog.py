"""What waits for the next run."""

import redis

from warehouse.databases import connect
from warehouse.journal import Flusher
from warehouse.journal.ledger import StoreReport
from warehouse.journal.stream import STREAM
from warehouse.loading.watermark import read_horizon, read_watermark
from warehouse.servers import Servers
from warehouse.settings import Settings

EVENTS_TABLE = "raw_events.events"


def count_waiting_events(*, database_url: str, warehouse_url: str, redis_url: str) -> int:
    """Events that no run has loaded yet: those stored since the last load, and entries of the journal not stored yet.

    An entry of the journal counts as one, though it may hold a batch: they wait there for a minute at most. Before the
    first load all events ever stored count, also those of days that are in the lake alone by now.
    """
    with redis.Redis.from_url(redis_url) as client:
        in_journal = int(client.xlen(STREAM))
    with connect(database_url) as source, connect(warehouse_url) as warehouse:
        loaded_through = read_watermark(warehouse, EVENTS_TABLE, read_horizon(source))
        row = source.execute(
            "select coalesce(sum(stored_count), 0)::bigint as waiting from event_batches"
            " where changed_xid >= %s::text::xid8",
            [str(loaded_through)],
        ).fetchone()
    return in_journal + (int(row["waiting"]) if row else 0)


def store_waiting_events(settings: Settings, servers: Servers) -> StoreReport:
    """Store every event that was accepted before now; how many."""
    flusher = Flusher(
        servers.redis_url,
        servers.database_url,
        max_events=settings.event_flush_max_events,
        interval_seconds=settings.event_flush_interval_seconds,
    )
    try:
        return flusher.flush_all()
    finally:
        flusher.close()
