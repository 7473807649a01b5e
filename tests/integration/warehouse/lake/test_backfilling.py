"""From the lake into a warehouse that lost its events."""

import shutil
from datetime import date, timedelta

import pytest

from tests.integration.warehouse.lake.conftest import DAY, event
from warehouse.databases import connect
from warehouse.journal import store
from warehouse.lake import LakeDamaged, load_days, read_days_let_go
from warehouse.loading import load_all

EVENTS = "select * from raw_events.events order by source, event_id"


def read(warehouse_url, *, without=()):
    with connect(warehouse_url) as connection:
        rows = connection.execute(EVENTS).fetchall()
    return [{name: value for name, value in row.items() if name not in without} for row in rows]


@pytest.fixture
def emptied(connection, archive, database_url, warehouse_url):
    """A warehouse without events, whose days are archived and gone; and the events it had."""
    with connect(warehouse_url) as warehouse:
        warehouse.execute("truncate raw_events.events, raw_events.event_batches, control.load_watermarks")
    store(connection, [event("a", agent="bot", sample_rate=0.5), event("b")], origin="test")
    store(connection, [event("c", received=DAY + timedelta(days=1))], origin="test")
    load_all(database_url, warehouse_url)
    archive(retention_days=1)
    had = read(warehouse_url, without=("_loaded_at",))
    with connect(warehouse_url) as warehouse:
        warehouse.execute("truncate raw_events.events")
    return had


class TestLoadDays:
    def test_brings_back_every_event_as_it_was(self, emptied, lake, warehouse_url):
        loaded = load_days(lake, warehouse_url, date(2020, 1, 1), date(2020, 12, 31))
        assert [(day.row_count, day.changed_rows) for day in loaded] == [(2, 2), (1, 1)]
        assert len(emptied) == 3
        assert read(warehouse_url, without=("_loaded_at",)) == emptied

    def test_takes_the_days_it_is_told(self, emptied, lake, warehouse_url):
        assert [day.received_date for day in load_days(lake, warehouse_url, DAY, DAY)] == [DAY]
        assert [row["event_id"] for row in read(warehouse_url)] == ["a", "b"]

    def test_a_second_time_changes_nothing(self, emptied, lake, warehouse_url):
        load_days(lake, warehouse_url, DAY, DAY)
        before = read(warehouse_url)
        assert [day.changed_rows for day in load_days(lake, warehouse_url, DAY, DAY)] == [0]
        assert read(warehouse_url) == before

    def test_a_day_whose_manifest_is_gone_is_not_passed_over(self, emptied, lake, warehouse_url):
        (lake / f"received_date={DAY}" / "manifest.json").unlink()
        with pytest.raises(LakeDamaged, match=r"manifest\.json is missing"):
            load_days(lake, warehouse_url, DAY, DAY)

    def test_nor_is_one_whose_folder_is_gone(self, connection, emptied, lake, warehouse_url):
        shutil.rmtree(lake / f"received_date={DAY}")
        with pytest.raises(LakeDamaged, match=f"received_date={DAY} is missing"):
            load_days(lake, warehouse_url, DAY, DAY, let_go=read_days_let_go(connection))

    def test_loads_nothing_of_a_damaged_day(self, emptied, lake, warehouse_url):
        (lake / f"received_date={DAY}" / "part-0001.parquet").unlink()
        with pytest.raises(LakeDamaged, match="is missing"):
            load_days(lake, warehouse_url, DAY, DAY)
        assert read(warehouse_url) == []
