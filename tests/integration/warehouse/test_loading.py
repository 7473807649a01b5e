"""Loading: what was committed arrives, once, whatever was open, late or killed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from adbc_driver_postgresql.dbapi import Connection
from psycopg.rows import DictRow

from tests.integration.warehouse.journal.sending import event
from warehouse.databases import connect
from warehouse.journal import store
from warehouse.loading import LoadFailed, load_all, load_nothing
from warehouse.loading.changes import changes_query
from warehouse.loading.gaps import EVENTS
from warehouse.loading.table import arrow_between
from warehouse.loading.watermark import read_horizon, read_watermark
from warehouse.raw_tables import RAW_TABLES, RawTable

EVENT = """
insert into raw_events
    (source, event_id, event_name, schema_version, occurred_at, received_at, properties, batch_id)
values ('s', '1', 'a.b', 1, now(), now(), '{"text": "ü\\u2028", "list": [1, {"x": null}]}', 1)
"""
BATCH = """
insert into event_batches (
    origin, received_count, stored_count, duplicate_count, quarantined_count, first_received_on, last_received_on
)
values ('test', 1, 1, 0, 0, %(first_day)s, %(last_day)s)
"""


@pytest.fixture
def application(database_url: str, warehouse_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    with connect(warehouse_url, autocommit=True) as warehouse:
        for table in RAW_TABLES:
            warehouse.execute(f"truncate {table.full_name}")
        warehouse.execute("truncate control.load_watermarks")
    with connect(database_url, autocommit=True) as connection:
        connection.execute("truncate organizations cascade")
        connection.execute("truncate raw_events, event_ids, event_batches")
        yield connection


def add_organization(connection: psycopg.Connection[DictRow], name: str) -> None:
    connection.execute("insert into organizations (name) values (%s)", [name])


def store_at(connection: psycopg.Connection[DictRow], *received: datetime) -> None:
    """A batch of events that were received at these times."""
    store(connection, [event(occurred_at=at, received_at=at) for at in received], origin="test")


def events_watermark(database_url: str, warehouse_url: str) -> int:
    with connect(warehouse_url) as warehouse, connect(database_url) as source:
        return read_watermark(warehouse, EVENTS.full_name, read_horizon(source))


def names(warehouse_url: str) -> list[str]:
    with connect(warehouse_url) as connection:
        return [row["name"] for row in connection.execute("select name from raw_app.organizations order by name")]


def watermarks(warehouse_url: str) -> list[object]:
    with connect(warehouse_url) as connection:
        rows = connection.execute("select loaded_at from control.load_watermarks order by table_name").fetchall()
    return [row["loaded_at"] for row in rows]


class TestLoadAll:
    def test_new_and_changed_rows_arrive(self, application, database_url, warehouse_url):
        add_organization(application, "one")
        load_all(database_url, warehouse_url)
        application.execute("update organizations set name = 'changed'")
        add_organization(application, "two")
        report = load_all(database_url, warehouse_url)
        assert report.changed_rows["raw_app.organizations"] == 2
        assert names(warehouse_url) == ["changed", "two"]

    def test_a_second_load_with_nothing_new_changes_nothing(self, application, database_url, warehouse_url):
        add_organization(application, "one")
        first = load_all(database_url, warehouse_url)
        second = load_all(database_url, warehouse_url)
        assert sum(second.changed_rows.values()) == 0
        with connect(warehouse_url) as connection:
            stamps = connection.execute("select _loaded_at from raw_app.organizations").fetchall()
        assert stamps == [{"_loaded_at": first.loaded_at}]

    def test_an_open_transaction_is_loaded_once_it_commits(self, application, database_url, warehouse_url):
        with connect(database_url) as slow:
            add_organization(slow, "slow")
            add_organization(application, "quick")
            load_all(database_url, warehouse_url)
            assert names(warehouse_url) == ["quick"]
            slow.commit()
        load_all(database_url, warehouse_url)
        assert names(warehouse_url) == ["quick", "slow"]

    def test_rows_behind_an_open_transaction_do_not_wait_for_it(self, application, database_url, warehouse_url):
        with connect(database_url) as slow:
            add_organization(slow, "slow")
            for number in range(3):
                add_organization(application, f"quick {number}")
                load_all(database_url, warehouse_url)
            assert len(names(warehouse_url)) == 3

    def test_json_arrives_as_json(self, application, database_url, warehouse_url):
        application.execute(EVENT)
        load_all(database_url, warehouse_url)
        with connect(warehouse_url) as connection:
            row = connection.execute("select properties from raw_events.events").fetchone()
        assert row == {"properties": {"text": "ü\u2028", "list": [1, {"x": None}]}}

    def test_a_load_that_failed_half_way_is_completed_by_the_next(self, application, database_url, warehouse_url):
        add_organization(application, "one")
        with connect(warehouse_url, autocommit=True) as warehouse:
            warehouse.execute("alter table raw_events.events rename to hidden")
            warehouse.execute("create view raw_events.events as select * from raw_events.hidden limit 0")
            with pytest.raises((LoadFailed, psycopg.Error)):
                load_all(database_url, warehouse_url)
            warehouse.execute("drop view raw_events.events")
            warehouse.execute("alter table raw_events.hidden rename to events")
        add_organization(application, "two")
        load_all(database_url, warehouse_url)
        assert names(warehouse_url) == ["one", "two"]

    def test_stamps_grow_when_the_clock_was_set_back(self, application, database_url, warehouse_url):
        add_organization(application, "one")
        load_all(database_url, warehouse_url)
        with connect(warehouse_url) as connection:
            connection.execute("update control.load_watermarks set loaded_at = '2100-01-01'")
        assert load_all(database_url, warehouse_url).loaded_at > datetime(2100, 1, 1, tzinfo=UTC)

    def test_children_are_read_before_their_parents(self, application, database_url, warehouse_url):
        order: list[str] = []
        load_all(database_url, warehouse_url, on_table=lambda name, _: order.append(name))
        for child, parent in (("orders", "prompts"), ("refunds", "orders"), ("prompts", "organizations")):
            assert order.index(f"raw_app.{child}") < order.index(f"raw_app.{parent}")
        assert order.index("raw_events.events") < order.index("raw_app.prompts")

    def test_an_application_database_on_another_server_is_loaded_anew(self, application, database_url, warehouse_url):
        add_organization(application, "one")
        with connect(warehouse_url) as warehouse:
            warehouse.execute(
                "insert into control.load_watermarks values ('raw_app.organizations', 'another server', 9999999, now())"
            )
        load_all(database_url, warehouse_url)
        assert names(warehouse_url) == ["one"]

    def test_events_are_found_on_whichever_days_their_batches_lie(self, application, database_url, warehouse_url):
        received = [datetime.now(UTC) - timedelta(days=age) for age in (400, 9, 0)]
        store_at(application, received[1])
        load_all(database_url, warehouse_url)
        # What the midnight of another time zone would leave out.
        edges = [datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 1, 23, 59, 59, 999999, tzinfo=UTC)]
        for moments in (received[::2], edges):
            store_at(application, *moments)
            assert load_all(database_url, warehouse_url).changed_rows["raw_events.events"] == 2

    def test_of_a_year_of_days_only_those_with_new_events_are_read(self, application, database_url, warehouse_url):
        now = datetime.now(UTC)
        store_at(application, now - timedelta(days=9))
        load_all(database_url, warehouse_url)
        store_at(application, now)
        since = events_watermark(database_url, warehouse_url)
        with arrow_between(database_url, warehouse_url) as arrow:
            query = changes_query(arrow.source, EVENTS, since)
        plan = "\n".join(row["QUERY PLAN"] for row in application.execute(f"explain {query}".encode()))
        assert f"d{now:%Y%m%d}" in plan
        assert f"d{now - timedelta(days=9):%Y%m%d}" not in plan

    def test_a_batch_that_commits_once_the_days_were_asked_is_loaded_next_time(
        self, application, database_url, warehouse_url, monkeypatch
    ):
        load_all(database_url, warehouse_url)
        with connect(database_url) as slow:
            add_organization(slow, "slow")
            store_at(slow, datetime.now(UTC) - timedelta(days=9))
            store_at(application, datetime.now(UTC))

            def ask(source: Connection, table: RawTable, since_xid: int) -> str:
                query = changes_query(source, table, since_xid)
                if table is EVENTS:
                    slow.commit()
                return query

            monkeypatch.setattr("warehouse.loading.table.changes_query", ask)
            assert load_all(database_url, warehouse_url).changed_rows["raw_events.events"] == 1
        monkeypatch.undo()
        # What was loaded is read again, and counts as no change.
        assert load_all(database_url, warehouse_url).changed_rows["raw_events.events"] == 1

    def test_settings_of_the_session_do_not_move_the_days(self, application, database_url, warehouse_url):
        load_all(database_url, warehouse_url)
        store_at(application, datetime(2026, 3, 1, tzinfo=UTC))
        since = events_watermark(database_url, warehouse_url)
        with arrow_between(database_url, warehouse_url) as arrow:
            query = changes_query(arrow.source, EVENTS, since)
            with arrow.source.cursor() as cursor:
                cursor.execute("set datestyle = 'SQL, DMY'")
                cursor.execute("set timezone = 'Asia/Kolkata'")
            assert changes_query(arrow.source, EVENTS, since) == query

    def test_a_batch_of_before_days_were_noted_is_looked_for_everywhere(self, application, database_url, warehouse_url):
        load_all(database_url, warehouse_url)
        store_at(application, datetime.now(UTC) - timedelta(days=9))
        application.execute("update event_batches set first_received_on = null, last_received_on = null")
        store_at(application, datetime.now(UTC))
        assert load_all(database_url, warehouse_url).changed_rows["raw_events.events"] == 2


class TestPrepareWarehouse:
    def test_gives_a_table_of_an_earlier_version_the_key_of_this_one(self, application, database_url, warehouse_url):
        application.execute(EVENT)
        load_all(database_url, warehouse_url)
        with connect(warehouse_url) as warehouse:
            warehouse.execute("alter table raw_events.events drop constraint events_pkey")
            warehouse.execute("alter table raw_events.events add primary key (source, event_id)")
        with connect(database_url) as changing:
            changing.execute("update raw_events set event_name = 'c.d', changed_xid = pg_current_xact_id()")
            changing.execute(BATCH, {"first_day": None, "last_day": None})
        assert load_all(database_url, warehouse_url).changed_rows["raw_events.events"] == 1
        with connect(warehouse_url) as warehouse:
            assert warehouse.execute("select event_name from raw_events.events").fetchall() == [{"event_name": "c.d"}]


class TestLoadNothing:
    def test_before_the_first_load_everything_is_new(self, application, database_url, warehouse_url):
        assert load_nothing(database_url, warehouse_url) is None

    def test_is_a_load_of_no_rows(self, application, database_url, warehouse_url):
        add_organization(application, "one")
        first = load_all(database_url, warehouse_url)
        second = load_nothing(database_url, warehouse_url)
        assert second is not None
        assert set(second.changed_rows.values()) == {0}
        assert second.loaded_at > first.loaded_at
        assert watermarks(warehouse_url)[0] == second.loaded_at

    def test_leaves_a_new_row_to_the_load(self, application, database_url, warehouse_url):
        load_all(database_url, warehouse_url)
        before = watermarks(warehouse_url)
        add_organization(application, "one")
        assert load_nothing(database_url, warehouse_url) is None
        assert watermarks(warehouse_url) == before
        load_all(database_url, warehouse_url)
        assert names(warehouse_url) == ["one"]

    def test_leaves_new_events_to_the_load(self, application, database_url, warehouse_url):
        load_all(database_url, warehouse_url)
        store_at(application, datetime.now(UTC) - timedelta(days=9))
        assert load_nothing(database_url, warehouse_url) is None
        assert load_all(database_url, warehouse_url).changed_rows["raw_events.events"] == 1

    def test_a_transaction_that_is_open_meanwhile_is_loaded_once_it_commits(
        self, application, database_url, warehouse_url
    ):
        load_all(database_url, warehouse_url)
        with connect(database_url) as slow:
            add_organization(slow, "slow")
            assert load_nothing(database_url, warehouse_url) is not None
            slow.commit()
        assert load_nothing(database_url, warehouse_url) is None
        load_all(database_url, warehouse_url)
        assert names(warehouse_url) == ["slow"]


class TestContracts:
    @pytest.mark.parametrize("table", RAW_TABLES, ids=lambda table: table.full_name)
    def test_nothing_private_is_copied(self, table: RawTable):
        sources = {column.source for column in table.columns}
        assert not sources & {"email", "password_hash", "template", "body"}

    @pytest.mark.parametrize("table", RAW_TABLES, ids=lambda table: table.full_name)
    def test_the_key_is_among_the_columns(self, table: RawTable):
        assert set(table.key) <= {column.name for column in table.columns}
