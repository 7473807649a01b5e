"""The load of one day into a warehouse that holds a year, against the same into an empty one."""

import tempfile
import time
from pathlib import Path
from statistics import median

import click
import psutil

from api.migrations import migrate
from bench.intake import tree_seconds
from warehouse.databases import connect
from warehouse.loading import load_all
from warehouse.servers import running_servers
from warehouse.settings import Settings, with_database

DAYS = 365
EVENTS_A_DAY = 10_000
TURNS = 9
SETTLE_SECONDS = 1.0
# As the journal writes them: the ids are random, the day they were received decides where they lie.
RECEIVE = """
insert into raw_events (
    source, event_id, event_name, schema_version, occurred_at, received_at, session_id, properties, batch_id
)
select
    'import', gen_random_uuid()::text, 'search.performed', 1, moment, moment, 'session-' || number / 20,
    jsonb_build_object('query', 'plan ' || number %% 977, 'result_count', number %% 50), %(batch_id)s
from generate_series(1, %(events)s) as number,
    lateral (
        select date_trunc('day', now()) - make_interval(days => %(age)s) + number * interval '1 second'
    ) as at (moment)
"""
BATCH = """
insert into event_batches (
    origin, received_count, stored_count, duplicate_count, quarantined_count, first_received_on, last_received_on
)
values ('bench', %(events)s, %(events)s, 0, 0, current_date - %(age)s, current_date - %(age)s)
returning id
"""


def measure_year() -> None:
    """Print what a load of one day costs on top of nothing and on top of a year."""
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        settings = Settings(data_dir=Path(directory), database_url=None, warehouse_url=None, redis_url=None)
        with running_servers(settings) as servers:
            place = servers.database_url
            old = _Warehouse(place, "old")
            for age in range(DAYS + TURNS - 1, TURNS - 1, -1):
                old.receive_day(age)
            began = time.perf_counter()
            old.load()
            click.echo(f"the first load of {DAYS * EVENTS_A_DAY:,} events: {time.perf_counter() - began:.1f} s")
            fresh, grown = [], []
            for age in range(TURNS - 1, -1, -1):
                fresh.append(_Warehouse(place, f"young_{age}").load_day(age))
                grown.append(old.load_day(age))
    for index, label in enumerate(("s", "s of a processor")):
        young, aged = (median(turn[index] for turn in turns) for turns in (fresh, grown))
        click.echo(
            f"a day of {EVENTS_A_DAY:,} events, median of {TURNS}: {young:.2f} {label} into an empty warehouse,"
            f" {aged:.2f} {label} on top of a year: {aged / young:.2f} times"
        )


class _Warehouse:
    """An application database and its warehouse, of their own."""

    def __init__(self, server: str, name: str) -> None:
        self._database = with_database(server, f"bench_{name}")
        self._warehouse = with_database(server, f"bench_{name}_warehouse")
        migrate(self._database)
        with connect(self._database) as connection:
            # All of Postgres comes from the process that made this connection's.
            self._postgres = psutil.Process(psutil.Process(connection.info.backend_pid).ppid())
        # The raw tables are made before the clock runs.
        self.load()

    def receive_day(self, age: int) -> None:
        """The events of a day so long ago."""
        with connect(self._database) as connection:
            connection.execute("select make_event_day(current_date - %s)", [age])
            batch = connection.execute(BATCH, {"events": EVENTS_A_DAY, "age": age}).fetchone()
            assert batch is not None
            connection.execute(RECEIVE, {"batch_id": batch["id"], "events": EVENTS_A_DAY, "age": age})

    def load(self) -> None:
        """Load what is new."""
        load_all(self._database, self._warehouse)

    def load_day(self, age: int) -> tuple[float, float]:
        """Seconds to load the events of a day, and seconds of a processor, of Postgres as well."""
        self.receive_day(age)
        # What the connection that wrote them used is counted once its process has ended.
        time.sleep(SETTLE_SECONDS)
        began, used = time.perf_counter(), self._processor_seconds()
        self.load()
        return time.perf_counter() - began, self._processor_seconds() - used

    def _processor_seconds(self) -> float:
        return time.process_time() + tree_seconds(self._postgres)
