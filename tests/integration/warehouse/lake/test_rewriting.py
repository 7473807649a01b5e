"""Rewriting a day: a person goes, the events stay counted."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.integration.warehouse.lake.conftest import DAY, event
from warehouse.journal import store
from warehouse.lake import LakeDamaged, read_day, rewrite_day, verify_lake

FOLDER = f"received_date={DAY}"


def blank(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Whoever is called ann is called nothing."""
    names = batch.column("anonymous_id")
    position = batch.schema.get_field_index("anonymous_id")
    blanked = pc.if_else(pc.equal(names, "ann"), pa.scalar(None, pa.string()), names)
    return batch.set_column(position, "anonymous_id", blanked)


def names(lake):
    return [path.name for path in sorted((lake / FOLDER).glob("*.parquet"))]


@pytest.fixture
def two_parts(connection, archive):
    store(connection, [event("a", anonymous_id="ann"), event("b", anonymous_id="bob")], origin="test")
    archive()
    store(connection, [event("c", anonymous_id="cid")], origin="test")
    archive()


class TestRewriteDay:
    def test_changes_the_parts_that_hold_the_person_and_no_others(self, two_parts, lake):
        assert rewrite_day(lake, DAY, blank) == 1
        assert names(lake) == ["part-0001.r2.parquet", "part-0002.parquet"]
        table = pq.read_table(lake / FOLDER / "part-0001.r2.parquet")
        assert table.column("anonymous_id").to_pylist() == [None, "bob"]
        assert verify_lake(lake) == []

    def test_no_copy_of_what_was_there_stays(self, two_parts, lake):
        rewrite_day(lake, DAY, blank)
        assert not any(b"ann" in path.read_bytes() for path in (lake / FOLDER).iterdir())

    def test_a_second_time_changes_nothing(self, two_parts, lake):
        rewrite_day(lake, DAY, blank)
        assert rewrite_day(lake, DAY, blank) == 0

    def test_archiving_goes_on_after_it(self, connection, two_parts, archive, lake):
        rewrite_day(lake, DAY, blank)
        store(connection, [event("d")], origin="test")
        assert archive().written_rows == 1
        assert names(lake) == ["part-0001.r2.parquet", "part-0002.parquet", "part-0003.parquet"]

    def test_a_change_that_loses_events_is_refused(self, two_parts, lake):
        before = read_day(lake, DAY)
        with pytest.raises(LakeDamaged, match="lost or gained"):
            rewrite_day(lake, DAY, lambda batch: batch.slice(1))
        assert read_day(lake, DAY) == before
        assert verify_lake(lake) == []

    def test_a_day_that_is_not_archived_has_nothing_to_change(self, lake):
        assert rewrite_day(lake, DAY, blank) == 0
