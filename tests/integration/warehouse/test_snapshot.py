import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.integration.warehouse.build import (
    building,
    create_build,
    put_order,
    put_search,
    put_seller_day,
    rank,
    read,
    run_at,
)
from warehouse.databases import connect
from warehouse.publication import publish_marts
from warehouse.snapshot import SnapshotFailed, catch_up, take_snapshot
from warehouse.snapshot.restoring import restore_publication
from warehouse.snapshot.taking import DAYS_AT_ONCE, forget_old


@pytest.fixture
def build(warehouse_url: str) -> Iterator[str]:
    """A published build of two orders whose amounts have no exact binary form."""
    create_build(warehouse_url)
    with building(warehouse_url) as connection:
        put_order(connection, "a", gross="0.10")
        put_order(connection, "b", gross="0.20")
        put_seller_day(connection, "seller", orders=2)
        rank(connection, ["p1", "p2"])
    publish_marts(warehouse_url)
    yield warehouse_url


def query(file: Path, statement: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as database:
        return database.execute(statement).fetchall()


def is_same_file(first: Path, second: Path, mart: str) -> bool:
    return (first / f"{mart}.parquet").samefile(second / f"{mart}.parquet")


class TestTakeSnapshot:
    def test_has_every_published_table_with_its_rows(self, build: str, tmp_path: Path) -> None:
        taken = take_snapshot(build, tmp_path, kept=2)
        assert taken.mart_rows == {
            "agg_sellers_performance_daily": 1,
            "fct_orders": 2,
            "fct_restatements": 0,
            "fct_searches": 0,
            "fct_whole_restatements": 0,
            "publications": 1,
            "rank_exclusions": 0,
            "rank_prompts": 2,
            "rank_prompts_history": 2,
        }
        [published] = read(build, "select count(*) as n from pg_tables where schemaname = 'marts'")
        assert published["n"] == len(taken.mart_rows)

    def test_rows_are_equal_to_those_published(self, build: str, tmp_path: Path) -> None:
        take_snapshot(build, tmp_path, kept=2)
        statement = (
            "select order_id, gross_amount, currency, paid_at, paid_date, details ->> 'name' as name"
            " from marts.fct_orders order by order_id"
        )
        published = [tuple(row.values()) for row in read(build, statement)]
        assert query(tmp_path / "latest.duckdb", statement) == published

    def test_amounts_add_up_exactly(self, build: str, tmp_path: Path) -> None:
        take_snapshot(build, tmp_path, kept=2)
        statement = "select sum(gross_amount) = 0.30, typeof(min(gross_amount)) from {}"
        assert query(tmp_path / "latest.duckdb", statement.format("marts.fct_orders")) == [(True, "DECIMAL(18,2)")]
        parquet = tmp_path / "latest" / "fct_orders.parquet"
        assert duckdb.sql(statement.format(f"'{parquet}'")).fetchall() == [(True, "DECIMAL(18,2)")]

    def test_descriptions_come_along(self, build: str, tmp_path: Path) -> None:
        take_snapshot(build, tmp_path, kept=2)
        statement = "select comment from duckdb_columns() where column_name = 'gross_amount'"
        assert query(tmp_path / "latest.duckdb", statement) == [("What the buyer's card was charged.",)]

    def test_names_the_publication_it_holds(self, build: str, tmp_path: Path) -> None:
        publication = publish_marts(build)
        taken = take_snapshot(build, tmp_path, kept=2)
        statement = "select publication_id from marts.publications where status = 'current'"
        assert taken.publication_id == publication.publication_id
        assert query(tmp_path / "latest.duckdb", statement) == [(publication.publication_id,)]

    def test_the_file_itself_can_be_queried_without_its_pointer(self, build: str, tmp_path: Path) -> None:
        taken = take_snapshot(build, tmp_path, kept=2)
        assert query(taken.directory / "snapshot.duckdb", "select count(*) from marts.fct_orders") == [(2,)]

    def test_the_same_publication_again_changes_nothing(self, build: str, tmp_path: Path) -> None:
        first = take_snapshot(build, tmp_path, kept=2)
        before = (first.directory / "snapshot.duckdb").stat().st_ino
        again = take_snapshot(build, tmp_path, kept=2)
        assert again.mart_rows == {}
        assert (again.directory / "snapshot.duckdb").stat().st_ino == before

    def test_what_a_killed_one_left_is_cleared_away(self, build: str, tmp_path: Path) -> None:
        left_over = tmp_path / ".unfinished-20260101T000000000000Z-killed"
        left_over.mkdir()
        (left_over / "snapshot.duckdb").write_bytes(b"half a file")
        take_snapshot(build, tmp_path, kept=2)
        assert not left_over.exists()

    def test_before_the_first_publication_it_says_so(self, build: str, tmp_path: Path) -> None:
        with building(build) as connection:
            connection.execute("drop schema marts cascade")
        with pytest.raises(SnapshotFailed, match="Nothing has been published yet"):
            take_snapshot(build, tmp_path, kept=2)

    def test_a_type_it_does_not_know_is_named_and_the_latest_stays(self, build: str, tmp_path: Path) -> None:
        first = take_snapshot(build, tmp_path, kept=2)
        with building(build) as connection:
            connection.execute("alter table marts_build.fct_orders add column area box")
        publish_marts(build)
        with pytest.raises(SnapshotFailed, match=r"marts\.fct_orders\.area is of type box"):
            take_snapshot(build, tmp_path, kept=2)
        assert (tmp_path / "latest").resolve() == first.directory


class TestUnchangedTables:
    def test_share_the_file_of_the_snapshot_before(self, build: str, tmp_path: Path) -> None:
        first = take_snapshot(build, tmp_path, kept=2)
        with building(build) as connection:
            put_order(connection, "new", run=1)
        publish_marts(build)
        second = take_snapshot(build, tmp_path, kept=2)
        whole = second.mart_rows.keys() - {"fct_searches"}
        same = {name for name in whole if is_same_file(first.directory, second.directory, name)}
        assert same == {"agg_sellers_performance_daily", "fct_restatements", "fct_whole_restatements"}
        assert second.mart_rows["agg_sellers_performance_daily"] == 1
        statement = "select (select count(*) from marts.agg_sellers_performance_daily), count(*) from marts.fct_orders"
        assert query(tmp_path / "latest.duckdb", statement) == [(1, 3)]

    def test_are_whole_though_the_snapshot_before_is_forgotten(self, build: str, tmp_path: Path) -> None:
        take_snapshot(build, tmp_path, kept=1)
        publish_marts(build)
        second = take_snapshot(build, tmp_path, kept=1)
        assert query(second.directory / "snapshot.duckdb", "select count(*) from marts.fct_orders") == [(2,)]
        parquet = str(second.directory / "fct_orders.parquet")
        assert duckdb.sql(f"select count(*) from '{parquet}'").fetchall() == [(2,)]

    def test_a_change_of_a_publication_without_a_snapshot_is_taken_up(self, build: str, tmp_path: Path) -> None:
        take_snapshot(build, tmp_path, kept=2)
        with building(build) as connection:
            put_order(connection, "new", run=1)
        publish_marts(build)
        publish_marts(build)
        take_snapshot(build, tmp_path, kept=2)
        assert query(tmp_path / "latest.duckdb", "select count(*) from marts.fct_orders") == [(3,)]

    def test_of_another_layout_are_written_anew(self, build: str, tmp_path: Path) -> None:
        first = take_snapshot(build, tmp_path, kept=2)
        contents = first.directory / "contents.json"
        contents.chmod(0o644)
        contents.write_text(contents.read_text().replace("layout ", "another layout "))
        publish_marts(build)
        second = take_snapshot(build, tmp_path, kept=2)
        assert not is_same_file(first.directory, second.directory, "fct_orders")


class TestUnchangedDays:
    """Of a mart that grows with every event."""

    FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)

    @pytest.fixture
    def searched(self, build: str) -> str:
        with building(build) as connection:
            put_search(connection, "a", self.FIRST)
            put_search(connection, "b", self.SECOND)
        publish_marts(build)
        return build

    def searches(self, directory: Path) -> list[tuple[object, ...]]:
        """What the DuckDB file and the Parquet files hold, which is the same."""
        statement = "select search_id, searched_date, query from {} order by search_id"
        in_database = query(directory / "snapshot.duckdb", statement.format("marts.fct_searches"))
        assert duckdb.sql(statement.format(f"'{directory / 'fct_searches.parquet'}'")).fetchall() == in_database
        return in_database

    def published(self, warehouse_url: str) -> list[tuple[object, ...]]:
        rows = read(warehouse_url, "select search_id, searched_date, query from marts.fct_searches order by search_id")
        return [tuple(row.values()) for row in rows]

    def test_share_their_files_and_the_others_are_written_anew(self, searched: str, tmp_path: Path) -> None:
        first = take_snapshot(searched, tmp_path, kept=2).directory
        with building(searched) as connection:
            put_search(connection, "b", self.SECOND, query="later", run=1)
            put_search(connection, "c", self.SECOND, run=1)
        publish_marts(searched)
        taken = take_snapshot(searched, tmp_path, kept=2)
        second = taken.directory
        assert taken.mart_rows["fct_searches"] == 3
        assert self.searches(second) == self.published(searched)
        is_shared = {
            day: is_same_file(first / "fct_searches.parquet", second / "fct_searches.parquet", day.isoformat())
            for day in (self.FIRST, self.SECOND)
        }
        assert is_shared == {self.FIRST: True, self.SECOND: False}
        assert len(self.searches(first)) == 2

    def test_a_day_of_which_nothing_is_left_has_no_file(self, searched: str, tmp_path: Path) -> None:
        take_snapshot(searched, tmp_path, kept=2)
        with building(searched) as connection:
            connection.execute("delete from marts_build.fct_searches where search_id = 'a'")
        publish_marts(searched)
        second = take_snapshot(searched, tmp_path, kept=2).directory
        assert [file.stem for file in (second / "fct_searches.parquet").iterdir()] == [self.SECOND.isoformat()]
        assert self.searches(second) == self.published(searched)

    def test_changes_of_publications_without_a_snapshot_are_taken_up(self, searched: str, tmp_path: Path) -> None:
        take_snapshot(searched, tmp_path, kept=2)
        for run, day in enumerate((self.FIRST, self.SECOND, date(2026, 3, 9)), start=1):
            with building(searched) as connection:
                put_search(connection, f"new {run}", day, run=run)
            publish_marts(searched)
        assert self.searches(take_snapshot(searched, tmp_path, kept=2).directory) == self.published(searched)

    @pytest.mark.parametrize("days_at_once", [1, 2, DAYS_AT_ONCE])
    def test_rows_of_days_written_anew_lie_in_the_order_of_days_and_keys(
        self, searched: str, tmp_path: Path, days_at_once: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("warehouse.snapshot.taking.DAYS_AT_ONCE", days_at_once)
        take_snapshot(searched, tmp_path, kept=2)
        with building(searched) as connection:
            for search_id, day in (("z", 9), ("y", 8), ("x", 9), ("w", 7), ("v", 7)):
                put_search(connection, search_id, date(2026, 3, day), run=1)
        publish_marts(searched)
        taken = take_snapshot(searched, tmp_path, kept=2)
        lying = query(taken.directory / "snapshot.duckdb", "select search_id from marts.fct_searches")
        assert [search_id for (search_id,) in lying] == ["a", "b", "v", "w", "y", "x", "z"]
        assert self.searches(taken.directory) == self.published(searched)
        assert taken.mart_rows["fct_searches"] == 7

    def test_another_column_writes_all_days_anew(self, searched: str, tmp_path: Path) -> None:
        first = take_snapshot(searched, tmp_path, kept=2).directory
        with building(searched) as connection:
            connection.execute("alter table marts_build.fct_searches add column language text")
        publish_marts(searched)
        second = take_snapshot(searched, tmp_path, kept=2).directory
        assert not is_same_file(
            first / "fct_searches.parquet", second / "fct_searches.parquet", self.FIRST.isoformat()
        )  # fmt: skip
        assert query(second / "snapshot.duckdb", "select language from marts.fct_searches") == [(None,), (None,)]

    def test_a_mart_without_rows_can_be_read(self, searched: str, tmp_path: Path) -> None:
        with building(searched) as connection:
            connection.execute("delete from marts_build.fct_searches")
        publish_marts(searched)
        assert self.searches(take_snapshot(searched, tmp_path, kept=2).directory) == []

    def test_after_a_restore_are_those_of_the_restored_publication(self, searched: str, tmp_path: Path) -> None:
        first = take_snapshot(searched, tmp_path, kept=9).publication_id
        then = self.published(searched)
        with building(searched) as connection:
            put_search(connection, "c", self.SECOND, run=1)
        publish_marts(searched)
        take_snapshot(searched, tmp_path, kept=9)
        restore_publication(searched, tmp_path, first, restored_by="ops")
        assert self.published(searched) == then
        publish_marts(searched)
        assert self.searches(take_snapshot(searched, tmp_path, kept=9).directory) == self.published(searched)


class TestPointers:
    def test_follow_the_newest_snapshot(self, build: str, tmp_path: Path) -> None:
        take_snapshot(build, tmp_path, kept=2)
        publish_marts(build)
        second = take_snapshot(build, tmp_path, kept=2)
        assert (tmp_path / "latest").resolve() == second.directory
        assert (tmp_path / "latest.duckdb").resolve() == second.directory / "snapshot.duckdb"

    def test_an_open_reader_keeps_its_file(self, build: str, tmp_path: Path) -> None:
        take_snapshot(build, tmp_path, kept=1)
        with duckdb.connect(str(tmp_path / "latest.duckdb"), read_only=True) as reader:
            for run in (1, 2):
                with building(build) as connection:
                    put_order(connection, f"new {run}", run=run)
                publish_marts(build)
                take_snapshot(build, tmp_path, kept=1)
            assert reader.execute("select count(*), sum(gross_amount) = 0.30 from marts.fct_orders").fetchall() == [
                (2, True)
            ]
        assert query(tmp_path / "latest.duckdb", "select count(*) from marts.fct_orders") == [(4,)]

    def test_no_more_than_the_kept_ones_stay(self, build: str, tmp_path: Path) -> None:
        taken = []
        for _ in range(4):
            publish_marts(build)
            taken.append(take_snapshot(build, tmp_path, kept=2).publication_id)
        kept = sorted(path.name for path in tmp_path.iterdir() if path.is_dir() and not path.is_symlink())
        assert kept == sorted(taken[-2:])


class TestCatchUp:
    def test_takes_the_snapshot_of_a_publication_whose_run_was_killed_before_it(
        self, build: str, tmp_path: Path
    ) -> None:
        take_snapshot(build, tmp_path, kept=2)
        published = publish_marts(build).publication_id
        assert catch_up(build, tmp_path, kept=2)
        assert (tmp_path / "latest").resolve().name == published
        assert not catch_up(build, tmp_path, kept=2)

    def test_moves_a_pointer_that_a_killed_restore_left_behind(self, build: str, tmp_path: Path) -> None:
        first = take_snapshot(build, tmp_path, kept=2).publication_id
        publish_marts(build)
        second = take_snapshot(build, tmp_path, kept=2).publication_id
        (tmp_path / "latest").unlink()
        (tmp_path / "latest").symlink_to(first)
        assert catch_up(build, tmp_path, kept=2)
        assert (tmp_path / "latest").resolve().name == second

    def test_does_nothing_before_the_first_publication(self, warehouse_url: str, tmp_path: Path) -> None:
        with connect(warehouse_url) as connection:
            connection.execute("drop schema if exists marts cascade")
        assert not catch_up(warehouse_url, tmp_path, kept=2)
        assert list(tmp_path.iterdir()) == []


class TestConcurrentPublication:
    def test_a_snapshot_is_of_exactly_one_publication(self, build: str, tmp_path: Path) -> None:
        """Each version says its number in an order, in a seller's day and in the publication's as-of."""
        finished = threading.Event()

        def publish_on() -> None:
            version = 1
            while not finished.is_set():
                with building(build) as connection:
                    put_order(connection, "a", gross=str(version), run=version)
                    put_seller_day(connection, "seller", orders=version, run=version)
                    rank(connection, ["p1"], as_of=run_at(version))
                publish_marts(build)
                version += 1

        publisher = threading.Thread(target=publish_on)
        publisher.start()
        try:
            directories = [take_snapshot(build, tmp_path, kept=6).directory for _ in range(6)]
        finally:
            finished.set()
            publisher.join()
        assert [len(set(self.versions_in(directory))) for directory in directories] == [1] * 6
        assert [self.publication_in(directory) for directory in directories] == [path.name for path in directories]

    def publication_in(self, directory: Path) -> object:
        [row] = query(
            directory / "snapshot.duckdb", "select publication_id from marts.publications where status = 'current'"
        )
        return row[0]

    def versions_in(self, directory: Path) -> list[object]:
        parts = (
            "select gross_amount::int from marts.fct_orders where order_id = 'a' and gross_amount > 0.1",
            "select order_count::int from marts.agg_sellers_performance_daily where order_count <> 2",
            "select (epoch(as_of - timestamptz '2026-04-01 00:00:00+00') / 3600)::int from marts.rank_prompts"
            " where as_of > timestamptz '2026-04-01 00:00:00+00'",
        )
        return [row[0] for part in parts for row in query(directory / "snapshot.duckdb", part)] or [None]


class TestForgetOld:
    def test_the_last_of_each_of_the_last_days_stays_too(self, tmp_path: Path) -> None:
        names = [f"202604{day:02}T{hour:02}0000000000Z-0" for day in (1, 2, 4) for hour in (1, 2, 3)]
        for name in names:
            (tmp_path / name).mkdir()
        forget_old(tmp_path, kept=2, days_kept=2, current=names[-1])
        assert sorted(path.name for path in tmp_path.iterdir()) == [names[5], names[7], names[8]]

    def test_one_that_is_current_again_stays_however_old_it_is(self, tmp_path: Path) -> None:
        names = [f"202604{day:02}T000000000000Z-0" for day in (1, 2, 3)]
        for name in names:
            (tmp_path / name).mkdir()
        forget_old(tmp_path, kept=1, days_kept=0, current=names[0])
        assert [path.name for path in tmp_path.iterdir()] == [names[0]]
