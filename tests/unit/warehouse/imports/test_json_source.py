"""Reading JSON Lines."""

import pytest

from warehouse.imports.errors import ImportRefused
from warehouse.imports.line import LINE_MAX_BYTES
from warehouse.imports.source import open_source


def read(path):
    with open_source(path) as source:
        return source.columns, list(source.records())


class TestRecords:
    def test_values_keep_their_types(self, tmp_path):
        path = tmp_path / "rows.jsonl"
        path.write_bytes(b'{"id": 1, "tags": ["a"], "properties": {"x": null}}\n')
        _, records = read(path)
        assert records[0].values == {"id": 1, "tags": ["a"], "properties": {"x": None}}

    def test_each_bad_line_is_named_and_spoils_itself_alone(self, tmp_path):
        path = tmp_path / "rows.ndjson"
        path.write_bytes(b'{"id": 1}\n\n{"id": \n[1]\n{"id": "\xe9"}\n{"id": NaN}\n"text"\n{"id": 2}')
        _, records = read(path)
        assert [(record.line, record.problem and record.problem.reason) for record in records] == [
            (1, None),
            (3, "json_malformed"),
            (4, "json_not_an_object"),
            (5, "encoding_invalid"),
            (6, "json_malformed"),
            (7, "json_not_an_object"),
            (8, None),
        ]

    def test_a_line_is_kept_as_it_came_however_deep_it_is_nested(self, tmp_path):
        path = tmp_path / "rows.jsonl"
        line = b'{"id": 1,  "x": ' + b"[" * 900 + b"]" * 900 + b"}"
        path.write_bytes(line + b"\r\n")
        _, records = read(path)
        assert records[0].as_bytes() == line

    def test_columns_are_those_of_the_first_rows(self, tmp_path):
        path = tmp_path / "rows.jsonl"
        path.write_bytes(b'{"id": 1}\n{"title": "a", "id": 2}\n')
        columns, records = read(path)
        assert columns == ("id", "title")
        assert len(records) == 2

    def test_more_rows_than_are_looked_at_are_all_read_once(self, tmp_path):
        path = tmp_path / "rows.jsonl"
        path.write_bytes(b"".join(b'{"id": %d}\n' % number for number in range(1, 501)))
        _, records = read(path)
        assert [record.values["id"] for record in records] == list(range(1, 501))
        assert [record.line for record in records] == list(range(1, 501))

    def test_one_array_is_refused_with_what_to_do(self, tmp_path):
        path = tmp_path / "rows.json"
        path.write_bytes(b'[\n{"id": 1},\n{"id": 2}\n]\n')
        with pytest.raises(ImportRefused, match="one object a line"):
            open_source(path)

    def test_a_line_without_end_does_not_fill_the_memory(self, tmp_path):
        path = tmp_path / "rows.jsonl"
        path.write_bytes(b'{"id": "' + b"x" * (LINE_MAX_BYTES + 10) + b'"}\n{"id": 2}\n')
        _, records = read(path)
        assert [(record.line, record.problem and record.problem.reason) for record in records] == [
            (1, "line_too_long"),
            (2, None),
        ]

    def test_an_empty_file_is_refused(self, tmp_path):
        path = tmp_path / "rows.jsonl"
        path.write_bytes(b"")
        with pytest.raises(ImportRefused, match="is empty"):
            open_source(path)
