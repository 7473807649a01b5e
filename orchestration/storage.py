"""Where Dagster keeps its records: runs, events, schedules and ticks, in a schema of their own in the warehouse.

The schema belongs to the warehouse's owner. Neither the API's role nor readers of marts nor analysts may look into it.
"""

from typing import Any

import psycopg
from dagster._core.storage.base_storage import DagsterStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage, PostgresScheduleStorage
from dagster_postgres.utils import create_pg_engine, set_pg_statement_timeout
from sqlalchemy import Engine, event

from warehouse.databases import connect, create_database
from warehouse.servers import warehouse_address
from warehouse.settings import get_settings
from warehouse.tenancy.access import with_option

RECORDS_SCHEMA = "dagster"
# Threads of a web server or daemon beyond the first get connections that are closed after use.
EXTRA_CONNECTIONS = 20


class KeptConnections:
    """Before one of Dagster's own storages: on connections that are kept.

    What Dagster makes of a storage for its web server would not notice that a kept connection died.
    """

    postgres_url: str
    _engine: Engine

    def __init__(self, url: str) -> None:
        super().__init__(url)  # type: ignore[call-arg]
        self._engine = keeping_engine(url)

    def optimize_for_webserver(self, statement_timeout: int, pool_recycle: int, max_overflow: int) -> None:
        """Bound each statement to `statement_timeout` milliseconds; connections are kept in any case."""
        self._engine.dispose()
        self._engine = keeping_engine(self.postgres_url, pool_recycle=pool_recycle, max_overflow=max_overflow)
        event.listen(
            self._engine, "connect", lambda connection, _: set_pg_statement_timeout(connection, statement_timeout)
        )

    def dispose(self) -> None:
        """Close what was kept."""
        super().dispose()  # type: ignore[misc]
        self._engine.dispose()


class Runs(KeptConnections, PostgresRunStorage):
    """Dagster's own storage of runs."""


class Events(KeptConnections, PostgresEventLogStorage):
    """Dagster's own storage of events."""


class Schedules(KeptConnections, PostgresScheduleStorage):
    """Dagster's own storage of schedules, sensors and their ticks."""


class WarehouseRecords(DagsterStorage, ConfigurableClass):
    """All of Dagster's records, at the place that the settings of this process name.

    So `dagster.yaml` holds no password, and is the same for embedded servers and for those named by a URL.
    """

    def __init__(self, url: str, *, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._runs, self._events, self._schedules = Runs(url), Events(url), Schedules(url)
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """How another process makes the same storage."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing: the settings say it all."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "WarehouseRecords":  # noqa: ARG003
        """The storage of this process's settings; its schema and tables are made where they are missing."""
        warehouse_url = warehouse_address(get_settings())
        prepare_schema(warehouse_url)
        return cls(records_url(warehouse_url), inst_data=inst_data)

    @property
    def run_storage(self) -> Runs:
        """Runs, and the heartbeats of daemons."""
        return self._runs

    @property
    def event_log_storage(self) -> Events:
        """What runs did, and what is known of each asset."""
        return self._events

    @property
    def schedule_storage(self) -> Schedules:
        """Which schedules and sensors are on, and their ticks."""
        return self._schedules


def prepare_records(warehouse_url: str) -> None:
    """Create the schema of the records and its tables where they are missing."""
    prepare_schema(warehouse_url)
    for storage in (Runs, Events, Schedules):
        storage(records_url(warehouse_url)).dispose()


def prepare_schema(warehouse_url: str) -> None:
    """Create the schema of the records, and the warehouse database, where they are missing."""
    create_database(warehouse_url)
    with connect(warehouse_url, autocommit=True) as connection:
        found = connection.execute("select to_regnamespace(%s) is not null as exists", [RECORDS_SCHEMA]).fetchone()
        if found is not None and found["exists"]:
            return
        try:
            connection.execute(f"create schema {RECORDS_SCHEMA}")
        except (psycopg.errors.DuplicateSchema, psycopg.errors.UniqueViolation):
            # Another process was quicker.
            return


def records_url(warehouse_url: str) -> str:
    """The warehouse's URL for SQLAlchemy, with the records' schema in front, by the driver that Dagster is made for."""
    return "postgresql+psycopg2://" + with_option(warehouse_url, "search_path", RECORDS_SCHEMA).split("://", 1)[1]


def keeping_engine(url: str, *, pool_recycle: int = -1, max_overflow: int = EXTRA_CONNECTIONS) -> Engine:
    """An engine that keeps one connection.

    Dagster would open one for each of the hundreds of records of a run. One that died with its server is replaced.
    """
    return create_pg_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=1,
        pool_recycle=pool_recycle,
        max_overflow=max_overflow,
        pool_pre_ping=True,
    )
