"""Reading Parquet."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse.imports.errors import ImportRefused
from warehouse.imports.json_source import read_object
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

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda texts: texts,
            lambda texts: texts.cast(pa.binary()).cast(pa.large_binary()).view(pa.large_string()),
            lambda texts: pa.StructArray.from_arrays([texts], ["x"]),
            lambda texts: pa.ListArray.from_arrays([0, 1, 2, 3], texts),
            lambda texts: pa.ExtensionArray.from_storage(pa.json_(), texts),
            lambda texts: pa.MapArray.from_arrays([0, 1, 2, 3], pa.array(["k"] * 3), texts),
        ],
        ids=["text", "large text", "struct", "list", "json", "map"],
    )
    def test_text_that_is_not_utf8_is_the_problem_of_its_row_and_kept_as_it_is(self, tmp_path, spoil):
        path = tmp_path / "rows.parquet"
        texts = pa.array([b"a", b'"\xc3\xa9\xff', b"c"], pa.binary()).view(pa.string())
        pq.write_table(pa.table({"id": [1, 2, 3], "texts": spoil(texts)}), path)
        first, bad, last = read(path)
        assert (bad.line, bad.problem.reason) == (2, "encoding_invalid")
        assert str(bad.problem) == "'texts' has text whose byte 4 is not UTF-8"
        assert bad.as_bytes().startswith(b'{"id": 2, "texts": ')
        assert b'"\\"\xc3\xa9\xff"' in bad.as_bytes()
        assert [(each.values["id"], each.problem, each.raw) for each in (first, last)] == [
            (1, None, None),
            (3, None, None),
        ]

    def test_what_waits_of_a_row_that_is_not_utf8_is_never_taken_for_a_good_one(self, tmp_path):
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.table({"id": pa.array([b"\xff"], pa.binary()).view(pa.string())}), path)
        (bad,) = read(path)
        assert read_object(bad.as_bytes(), 1).problem.reason == "encoding_invalid"

    def test_a_struct_that_names_a_field_twice_is_the_problem_of_its_row_and_kept_whole(self, tmp_path):
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.table({"pair": pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["x", "x"])}), path)
        (bad,) = read(path)
        assert bad.problem.reason == "value_not_storable"
        assert bad.as_bytes() == b'{"pair": [["x", 1], ["x", 2]]}'

    def test_a_day_that_no_calendar_has_is_the_problem_of_its_row_and_kept_as_it_is(self, tmp_path):
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.table({"day": pa.array([0, 2**31 - 1, None], pa.int32()).cast(pa.date32())}), path)
        records = read(path)
        assert [each.problem and each.problem.reason for each in records] == [None, "value_not_storable", None]
        assert [each.values["day"] for each in records] == [date(1970, 1, 1), "2147483647 of date32[day]", None]
        assert records[1].as_bytes() == b'{"day": "2147483647 of date32[day]"}'

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

    def test_a_column_whose_name_is_not_utf8_refuses_the_file(self, tmp_path):
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.table({"a?b": [1]}), path, store_schema=False)
        path.write_bytes(path.read_bytes().replace(b"a?b", b"a\xffb"))
        with pytest.raises(ImportRefused, match="a column whose name is not UTF-8"):
            open_source(path)

    def test_two_columns_of_one_name_refuse_the_file(self, tmp_path):
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"]), path)
        with pytest.raises(ImportRefused, match="names the column 'id' twice"):
            read(path)

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
