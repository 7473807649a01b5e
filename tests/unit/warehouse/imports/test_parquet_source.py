"""Reading Parquet."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse.imports.errors import ImportRefused
from warehouse.imports.source import open_source


def read(path):
    with open_source(path) as source:
        return list(source.records())


class TestRecords:
    def test_rows_are_numbered_from_one_across_row_groups(self, tmp_path):
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.table({"id": list(range(5000))}), path, row_group_size=700)
        records = read(path)
        assert [record.line for record in records] == list(range(1, 5001))
        assert [record.values["id"] for record in records] == list(range(5000))

    def test_times_of_any_unit_become_moments(self, tmp_path):
        path = tmp_path / "rows.parquet"
        moments = [datetime(2026, 5, 1, 9, 30, tzinfo=UTC)]
        columns = {unit: pa.array(moments, pa.timestamp(unit, "UTC")) for unit in ("s", "ms", "us", "ns")}
        pq.write_table(pa.table(columns), path)
        assert read(path)[0].values == dict.fromkeys(columns, moments[0])

    def test_a_time_out_of_range_is_a_bare_distance_for_its_row_to_be_refused(self, tmp_path):
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.table({"at": pa.array([0, 2**62, None]).cast(pa.timestamp("us", "UTC"))}), path)
        moments = [record.values["at"] for record in read(path)]
        assert moments == [datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=2**62), None]

    def test_a_time_without_a_zone_stays_without(self, tmp_path):
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.table({"at": pa.array([datetime(2026, 5, 1)], pa.timestamp("ms"))}), path)
        assert read(path)[0].values["at"] == datetime(2026, 5, 1)

    def test_fields_of_a_struct_that_are_null_are_not_there(self, tmp_path):
        path = tmp_path / "rows.parquet"
        properties = [{"surface": "top", "rating": None, "items": [{"position": 1, "score": None}]}]
        pq.write_table(pa.table({"properties": properties}), path)
        assert read(path)[0].values == {"properties": {"surface": "top", "items": [{"position": 1}]}}

    def test_a_file_of_another_kind_is_refused(self, tmp_path):
        path = tmp_path / "rows.parquet"
        path.write_bytes(b"id,title\n1,a\n")
        with pytest.raises(ImportRefused, match="not a Parquet file"):
            open_source(path)

    def test_a_truncated_file_is_refused(self, tmp_path):
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.table({"id": list(range(5000))}), path)
        path.write_bytes(path.read_bytes()[:-200])
        with pytest.raises(ImportRefused, match="not a Parquet file"):
            open_source(path)

    def test_no_rows_are_no_problem(self, tmp_path):
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.table({"id": pa.array([], pa.int64())}), path)
        assert read(path) == []


class TestOpenSource:
    def test_a_name_of_no_known_ending_is_refused(self, tmp_path):
        path = tmp_path / "rows.xlsx"
        path.write_bytes(b"x")
        with pytest.raises(ImportRefused, match=r"Its name must end in \.csv"):
            open_source(path)

    def test_parquet_is_not_packed_again(self, tmp_path):
        path = tmp_path / "rows.parquet.gz"
        path.write_bytes(b"x")
        with pytest.raises(ImportRefused, match="no known kind"):
            open_source(path)

    def test_a_file_that_is_not_there_is_refused(self, tmp_path):
        with pytest.raises(ImportRefused, match="No such file"):
            open_source(tmp_path / "none.csv")

    def test_a_directory_is_refused(self, tmp_path):
        path = tmp_path / "rows.csv"
        path.mkdir()
        with pytest.raises(ImportRefused, match="Is a directory"):
            open_source(path)
