"""Reading CSV: where rows stand, and that a broken one costs only itself."""

import gzip

import pytest

from warehouse.imports.csv_source import FIELD_MAX_CHARACTERS
from warehouse.imports.errors import ImportRefused
from warehouse.imports.source import open_source


@pytest.fixture
def write(tmp_path):
    def write_file(content: bytes, name: str = "rows.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write_file


def read(path):
    with open_source(path) as source:
        return list(source.records())


def lines_and_reasons(path):
    return [(record.line, record.problem.reason if record.problem else None) for record in read(path)]


class TestRecords:
    def test_values_stand_under_their_column(self, write):
        records = read(write(b"id, Title ,text\n1,One,a\n2,Two,\n"))
        assert [record.values for record in records] == [
            {"id": "1", "title": "One", "text": "a"},
            {"id": "2", "title": "Two", "text": ""},
        ]

    def test_a_row_is_numbered_by_the_line_it_begins_on(self, write):
        path = write(b'id,text\n1,"a\nb\n\nc"\n2,d\n\n3,"e\n"\n4,f')
        assert [record.line for record in read(path)] == [2, 6, 8, 10]

    def test_a_quoted_text_is_kept_byte_for_byte(self, write):
        path = write(b'id,text\r\n1,"  a\r\nb\n\tc ""d"", e\r"\r\n')
        assert read(path)[0].values["text"] == '  a\r\nb\n\tc "d", e\r'

    def test_a_byte_order_mark_is_no_part_of_the_first_column(self, write):
        assert read(write(b"\xef\xbb\xbfid\n1\n"))[0].values == {"id": "1"}

    def test_lines_with_nothing_are_passed_over(self, write):
        assert lines_and_reasons(write(b"id,text\n\n1,a\n   \n2,b\n\n")) == [(3, None), (5, None)]

    def test_too_few_or_too_many_fields_spoil_their_row_alone(self, write):
        path = write(b"id,text\n1\n2,b\n3,c,d\n4,e\n")
        assert lines_and_reasons(path) == [(2, "field_count_wrong"), (3, None), (4, "field_count_wrong"), (5, None)]

    def test_a_quote_that_is_never_closed_spoils_its_row_alone(self, write):
        path = write(b'id,text\n1,a\n2,"never closed\n3,c\n4,d\n')
        assert lines_and_reasons(path) == [(2, None), (3, "csv_malformed"), (4, None), (5, None)]

    def test_a_quote_that_swallows_the_next_rows_gives_them_back(self, write):
        path = write(b'id,text\n1,"open\n2,b\n3,"fine, and\nlong"\n4,d\n')
        assert lines_and_reasons(path) == [(2, "csv_malformed"), (3, None), (4, None), (6, None)]

    def test_text_after_a_closing_quote_spoils_its_row_alone(self, write):
        path = write(b'id,text\n1,"a"b\n2,c\n')
        assert lines_and_reasons(path) == [(2, "csv_malformed"), (3, None)]

    def test_bytes_that_are_not_utf8_spoil_their_row_alone(self, write):
        path = write(b"id,text\n1,caf\xe9\n2,caf\xc3\xa9\n")
        records = read(path)
        assert [(record.line, record.problem and record.problem.reason) for record in records] == [
            (2, "encoding_invalid"),
            (3, None),
        ]
        assert records[0].as_bytes() == b"1,caf\xe9\n"
        assert records[1].values["text"] == "café"

    def test_a_field_beyond_the_limit_spoils_its_row_alone(self, write):
        path = write(b"id,text\n1," + b"x" * (FIELD_MAX_CHARACTERS + 1) + b"\n2,b\n")
        assert lines_and_reasons(path) == [(2, "csv_malformed"), (3, None)]

    def test_a_field_at_the_limit_is_read(self, write):
        path = write(b"id,text\n1," + b"x" * FIELD_MAX_CHARACTERS + b"\n")
        assert len(read(path)[0].values["text"]) == FIELD_MAX_CHARACTERS

    def test_what_was_broken_is_kept_as_it_came(self, write):
        records = read(write(b'id,text\r\n1,"open\r\n2,b\r\n'))
        assert records[0].as_bytes() == b'1,"open\r\n'

    def test_a_good_row_is_kept_as_its_values(self, write):
        assert read(write(b"id,text\n1,a\n"))[0].as_bytes() == b'{"id":"1","text":"a"}'


class TestHeader:
    def test_an_empty_file_is_refused(self, write):
        with pytest.raises(ImportRefused, match="is empty"):
            open_source(write(b""))

    def test_a_header_alone_is_a_file_without_rows(self, write):
        assert read(write(b"id,text\n")) == []

    def test_a_column_named_twice_is_refused(self, write):
        with pytest.raises(ImportRefused, match="'id' twice"):
            open_source(write(b"id,text,ID\n"))

    def test_columns_without_a_name_may_follow(self, write):
        assert read(write(b"id,,\n1,,\n"))[0].values["id"] == "1"

    def test_an_empty_first_line_is_refused(self, write):
        with pytest.raises(ImportRefused, match="empty line"):
            open_source(write(b"\nid,text\n"))

    def test_utf16_is_refused_with_what_to_do(self, write):
        with pytest.raises(ImportRefused, match=r"UTF-16\. Save it as UTF-8"):
            open_source(write("id,text\n".encode("utf-16")))

    def test_lines_that_end_with_cr_alone_are_refused_with_what_to_do(self, write):
        with pytest.raises(ImportRefused, match=r"CR alone\. Save it with LF"):
            open_source(write(b"id,text\r1,a\r"))

    def test_a_header_that_is_not_utf8_is_refused(self, write):
        with pytest.raises(ImportRefused, match="no readable header"):
            open_source(write(b"id,caf\xe9\n1,2\n"))


class TestGzip:
    def test_is_read_by_its_ending(self, write):
        assert read(write(gzip.compress(b"id\n1\n"), "rows.csv.gz"))[0].values == {"id": "1"}

    def test_a_truncated_file_is_refused_before_any_row(self, write):
        whole = gzip.compress(b"id,text\n" + b"".join(b"%d,%032x\n" % (i, i**7) for i in range(5000)))
        with pytest.raises(ImportRefused, match="not a whole gzip file"):
            open_source(write(whole[: len(whole) // 2], "rows.csv.gz"))

    def test_a_file_that_is_not_gzip_is_refused(self, write):
        with pytest.raises(ImportRefused, match="not a whole gzip file"):
            open_source(write(b"id,text\n1,a\n", "rows.csv.gz"))

    def test_a_file_with_flipped_bytes_is_refused(self, write):
        whole = bytearray(gzip.compress(b"id,text\n" + b"1,abc\n" * 5000))
        whole[len(whole) // 2] ^= 0xFF
        with pytest.raises(ImportRefused, match="not a whole gzip file"):
            open_source(write(bytes(whole), "rows.csv.gz"))

    def test_an_empty_packed_file_is_refused(self, write):
        with pytest.raises(ImportRefused, match="is empty"):
            open_source(write(gzip.compress(b""), "rows.csv.gz"))


class TestProgress:
    def test_goes_from_nothing_to_all(self, write):
        with open_source(write(b"id\n" + b"1\n" * 200_000)) as source:
            records = source.records()
            next(records)
            first = source.fraction_read()
            list(records)
            last = source.fraction_read()
        assert first < 1.0
        assert last == 1.0
