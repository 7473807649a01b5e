"""Archiving: what is over is in the lake once, and nothing leaves the database before it is safe."""

from datetime import date

import pyarrow.parquet as pq
import pytest

from tests.integration.warehouse.lake.conftest import DAY, TODAY, event
from warehouse.databases import connect
from warehouse.journal import store
from warehouse.lake import LakeDamaged, read_day, read_days, verify_lake
from warehouse.loading import load_all

FOLDER = f"received_date={DAY}"


def rows(lake):
    return [row for path in sorted(lake.glob("*/*.parquet")) for row in pq.read_table(path).to_pylist()]


def partitions(connection):
    found = connection.execute(
        "select relname from pg_class where relnamespace = 'event_days'::regnamespace and relname = 'd20200301'"
    )
    return [row["relname"] for row in found]


class TestArchiveEvents:
    def test_a_day_that_is_over_is_written_in_order_with_every_column(self, three_events, archive, lake):
        assert archive().written_rows == 3
        found = rows(lake)
        assert [row["event_id"] for row in found] == ["c", "a", "b"]
        assert found[1] | {"batch_id": 0} == {
            **event("a").model_dump(exclude={"properties"}),
            "properties": '{"ü": [1, {"x": null}], "category": "writing"}',
            "batch_id": 0,
            "is_own": False,
            "is_staff": False,
        }

    def test_the_manifest_tells_rows_bytes_and_times(self, three_events, archive, lake):
        archive()
        [part] = read_day(lake, DAY).parts
        assert (part.name, part.row_count) == ("part-0001.parquet", 3)
        assert part.byte_count == (lake / FOLDER / part.name).stat().st_size
        assert part.first_occurred_at == part.last_occurred_at == event("a").occurred_at
        assert pq.read_metadata(lake / FOLDER / part.name).row_group(0).column(0).compression == "ZSTD"

    def test_a_second_time_writes_nothing(self, three_events, archive, lake):
        archive()
        before = {path: path.stat().st_mtime_ns for path in lake.rglob("*")}
        assert archive().days == ()
        assert {path: path.stat().st_mtime_ns for path in lake.rglob("*")} == before

    def test_today_is_not_over(self, connection, archive, lake):
        store(connection, [event("today", received=TODAY)], origin="test")
        assert archive().written_rows == 0

    def test_a_late_event_goes_to_a_further_file_and_the_first_stays(self, connection, three_events, archive, lake):
        archive()
        first = (lake / FOLDER / "part-0001.parquet").read_bytes()
        store(connection, [event("late"), event("a")], origin="test")
        assert archive().written_rows == 1
        assert [part.row_count for part in read_day(lake, DAY).parts] == [3, 1]
        assert (lake / FOLDER / "part-0001.parquet").read_bytes() == first

    def test_what_is_not_committed_yet_is_taken_the_next_time(
        self, connection, three_events, archive, lake, database_url
    ):
        with connect(database_url) as slow:
            store(slow, [event("slow")], origin="test")
            store(connection, [event("quick")], origin="test")
            archive()
            slow.commit()
        archive()
        assert sorted(row["event_id"] for row in rows(lake)) == ["a", "b", "c", "quick", "slow"]

    def test_leftovers_of_a_killed_run_are_swept_and_never_listed(self, three_events, archive, lake):
        (lake / FOLDER).mkdir(parents=True)
        for name in (".part-0001.parquet.unfinished", "part-0001.parquet"):
            (lake / FOLDER / name).write_bytes(b"half")
        archive()
        assert sorted(path.name for path in (lake / FOLDER).iterdir()) == ["manifest.json", "part-0001.parquet"]
        assert verify_lake(lake) == []


class TestRetention:
    def test_an_old_day_leaves_when_the_warehouse_has_it(
        self, connection, three_events, archive, lake, database_url, warehouse_url
    ):
        assert not archive(retention_days=1).days[0].is_detached
        load_all(database_url, warehouse_url)
        assert [day.is_detached for day in archive(retention_days=1).days if day.received_date == DAY] == [True]
        assert partitions(connection) == []
        assert len(rows(lake)) == 3

    def test_a_day_within_the_retention_stays(self, connection, three_events, archive, database_url, warehouse_url):
        load_all(database_url, warehouse_url)
        archive(retention_days=2)
        assert partitions(connection) == ["d20200301"]

    def test_a_damaged_file_keeps_its_day(self, connection, three_events, archive, lake, database_url, warehouse_url):
        load_all(database_url, warehouse_url)
        archive()
        path = lake / FOLDER / "part-0001.parquet"
        content = bytearray(path.read_bytes())
        content[40] ^= 1
        path.write_bytes(content)
        with pytest.raises(LakeDamaged, match=r"part-0001\.parquet is not what was written"):
            archive(retention_days=1)
        assert partitions(connection) == ["d20200301"]

    def test_a_damaged_day_keeps_no_other_from_the_lake(self, connection, three_events, archive, lake):
        archive()
        (lake / FOLDER / "part-0001.parquet").write_bytes(b"PAR1")
        other = date(2020, 3, 2)
        store(connection, [event("d"), event("e", received=other)], origin="test")
        with pytest.raises(LakeDamaged, match=r"part-0001\.parquet is not what was written"):
            archive()
        assert [part.row_count for part in read_day(lake, other).parts] == [1]

    def test_a_day_whose_manifest_is_gone_is_archived_anew(self, three_events, archive, lake):
        archive()
        (lake / FOLDER / "manifest.json").unlink()
        [damage] = verify_lake(lake)
        assert "manifest.json is missing" in damage
        archive()
        assert verify_lake(lake) == []
        assert len(rows(lake)) == 3

    def test_a_file_without_a_manifest_is_kept_when_the_database_has_less(
        self, connection, three_events, archive, lake, database_url, warehouse_url
    ):
        load_all(database_url, warehouse_url)
        archive(retention_days=1)
        (lake / FOLDER / "manifest.json").unlink()
        store(connection, [event("late")], origin="test")
        with pytest.raises(LakeDamaged, match=r"part-0001\.parquet is in no manifest"):
            archive()
        assert (lake / FOLDER / "part-0001.parquet").exists()

    def test_a_lost_event_keeps_its_day(self, connection, three_events, archive, lake, database_url, warehouse_url):
        archive()
        connection.execute("create temporary table gained as select * from raw_events where event_id = 'a'")
        connection.execute("update gained set event_id = 'gained'")
        connection.execute("insert into raw_events select * from gained")
        load_all(database_url, warehouse_url)
        with pytest.raises(LakeDamaged, match="has 4 events, 3 of them are archived"):
            archive(retention_days=1)
        assert partitions(connection) == ["d20200301"]

    def test_an_event_for_a_day_that_is_gone_is_archived_beside_the_others(
        self, connection, three_events, archive, lake, database_url, warehouse_url
    ):
        load_all(database_url, warehouse_url)
        archive(retention_days=1)
        store(connection, [event("late"), event("a")], origin="test")
        load_all(database_url, warehouse_url)
        archive(retention_days=1)
        assert [part.row_count for part in read_day(lake, DAY).parts] == [3, 1]
        assert partitions(connection) == []

    def test_days_are_made_ahead(self, connection, archive):
        archive(today=date(2031, 1, 1))
        assert connection.execute("select make_event_day('2031-01-08') as made").fetchone() == {"made": False}


class TestReadDays:
    def test_a_manifest_that_is_none_is_damage(self, three_events, archive, lake):
        archive()
        (lake / FOLDER / "manifest.json").write_text('{"received_date')
        assert [each.split(":")[0] for each in verify_lake(lake)] == [f"{FOLDER}/manifest.json can't be read"]
        with pytest.raises(LakeDamaged, match="can't be read"):
            read_days(lake)

    def test_what_else_lies_there_is_passed_over(self, three_events, archive, lake):
        archive()
        (lake / "received_date=soon").mkdir()
        (lake / "received_date=soon" / "manifest.json").write_text("{}")
        assert [day.received_date for day in read_days(lake)] == [DAY]

    def test_an_empty_lake_has_none(self, lake):
        assert read_days(lake) == []
        assert verify_lake(lake) == []
