"""A day that left the database and is gone from the lake too is missed; one that is still somewhere is not."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.warehouse.lake.conftest import DAY, event
from warehouse.journal import store
from warehouse.lake import ArchiveReport, read_days_let_go, verify_lake
from warehouse.loading import load_all

HAD = "the lake had 3 events of it when it left the database"
FOLDER = f"received_date={DAY}"
Connection = psycopg.Connection[DictRow]
Archive = Callable[..., ArchiveReport]


def damage(connection: Connection, lake: Path) -> list[str]:
    return verify_lake(lake, let_go=read_days_let_go(connection))


@pytest.fixture
def let_go(three_events: None, archive: Archive, database_url: str, warehouse_url: str) -> None:
    """The day is in the lake alone."""
    load_all(database_url, warehouse_url)
    archive(retention_days=1)


class TestDaysLetGo:
    def test_are_remembered_with_their_events(self, connection: Connection, let_go: None, lake: Path) -> None:
        assert (read_days_let_go(connection), damage(connection, lake)) == ({DAY: 3}, [])

    def test_days_that_the_database_has_and_days_of_nothing_are_not(
        self, connection: Connection, three_events: None, archive: Archive
    ) -> None:
        connection.execute("select make_event_day('2020-02-01')")
        assert date(2020, 2, 1) in {day.received_date for day in archive(retention_days=1).days if day.is_detached}
        assert read_days_let_go(connection) == {}

    def test_one_whose_folder_is_gone_is_missed(self, connection: Connection, let_go: None, lake: Path) -> None:
        shutil.rmtree(lake / FOLDER)
        assert damage(connection, lake) == [f"{FOLDER} is missing; {HAD}"]

    def test_so_is_each_when_the_whole_lake_is_gone(self, connection: Connection, let_go: None, lake: Path) -> None:
        shutil.rmtree(lake)
        assert len(damage(connection, lake)) == 1

    def test_what_comes_late_for_it_does_not_make_up_for_the_others(
        self,
        connection: Connection,
        let_go: None,
        archive: Archive,
        lake: Path,
        database_url: str,
        warehouse_url: str,
    ) -> None:
        shutil.rmtree(lake / FOLDER)
        store(connection, [event("late")], origin="test")
        load_all(database_url, warehouse_url)
        archive(retention_days=1)
        assert damage(connection, lake) == [f"{FOLDER} has 1 of its events; {HAD}"]

    def test_what_comes_late_is_remembered_too(
        self,
        connection: Connection,
        let_go: None,
        archive: Archive,
        lake: Path,
        database_url: str,
        warehouse_url: str,
    ) -> None:
        store(connection, [event("late")], origin="test")
        load_all(database_url, warehouse_url)
        archive(retention_days=1)
        assert (read_days_let_go(connection), damage(connection, lake)) == ({DAY: 4}, [])

    def test_days_that_left_before_anybody_wrote_them_down_are_by_the_next_archiving(
        self, connection: Connection, let_go: None, archive: Archive
    ) -> None:
        connection.execute("truncate event_days_let_go")
        archive()
        assert read_days_let_go(connection) == {DAY: 3}

    def test_a_day_the_database_still_has_is_archived_again_when_its_folder_is_gone(
        self, connection: Connection, three_events: None, archive: Archive, lake: Path
    ) -> None:
        archive()
        shutil.rmtree(lake / FOLDER)
        assert damage(connection, lake) == []
        assert archive().written_rows == 3
