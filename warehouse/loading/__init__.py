"""From the application database into the warehouse's raw tables: incremental, restartable, gap-free."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from warehouse.databases import connect, create_database
from warehouse.loading.changes import has_changes
from warehouse.loading.table import LoadFailed, arrow_between, load_table
from warehouse.loading.watermark import (
    create_control_tables,
    move_watermark,
    next_load_time,
    read_horizon,
    read_watermark,
)
from warehouse.raw_tables import RAW_TABLES, create_raw_tables

__all__ = ["LoadFailed", "LoadReport", "load_all", "load_nothing", "prepare_warehouse"]


@dataclass(frozen=True)
class LoadReport:
    """What one load run did: its one timestamp, and the rows that changed in each raw table."""

    loaded_at: datetime
    changed_rows: dict[str, int]


def prepare_warehouse(warehouse_url: str) -> None:
    """Create the warehouse database, its raw tables and the control tables where they are missing."""
    create_database(warehouse_url)
    with connect(warehouse_url) as connection:
        create_control_tables(connection)
        create_raw_tables(connection)


def load_all(
    database_url: str, warehouse_url: str, *, on_table: Callable[[str, int], None] | None = None
) -> LoadReport:
    """Load every raw table. All rows of one run carry one `_loaded_at`, later than that of any run before.

    The caller makes sure that only one load runs at a time. A run that is killed leaves whole tables loaded or not;
    the next one goes on from their watermarks. `on_table` is told each table's name and changed rows as it is done.
    """
    changed: dict[str, int] = {}
    prepare_warehouse(warehouse_url)
    with connect(database_url) as source:
        # Read before any table is: rows written after this are loaded too, and again next time.
        horizon = read_horizon(source)
    with connect(warehouse_url) as connection, arrow_between(database_url, warehouse_url) as arrow:
        loaded_at = next_load_time(connection)
        # The contracts name parents first. Read last, a parent is there for every child that was read before it.
        for table in reversed(RAW_TABLES):
            changed[table.full_name] = load_table(
                arrow, table, connection=connection, horizon=horizon, loaded_at=loaded_at
            )
            if on_table is not None:
                on_table(table.full_name, changed[table.full_name])
    return LoadReport(loaded_at=loaded_at, changed_rows=changed)


def load_nothing(database_url: str, warehouse_url: str) -> LoadReport | None:
    """The load of a moment at which no row is newer than the last one: it moves the watermarks, and is done.

    None, and nothing is done, when there are rows to load. The caller makes sure that no other load runs.
    """
    with connect(database_url) as source, connect(warehouse_url) as connection:
        # One snapshot: what it does not see is not older than its horizon.
        source.execute("set transaction isolation level repeatable read, read only")
        # As in `load_table`: nothing found is the usual answer, and must not take a look at every row.
        source.execute("set local enable_seqscan = off")
        horizon = read_horizon(source)
        for table in RAW_TABLES:
            since = read_watermark(connection, table.full_name, horizon)
            if since == 0 or has_changes(source, table, since):
                return None
        loaded_at = next_load_time(connection)
        for table in RAW_TABLES:
            move_watermark(connection, table.full_name, horizon=horizon, loaded_at=loaded_at)
    return LoadReport(loaded_at=loaded_at, changed_rows={table.full_name: 0 for table in RAW_TABLES})
