"""Comma-separated values with a header (RFC 4180): fields may span lines, a broken row costs only itself.

What an export wrote before a text, so that no spreadsheet takes it for a formula, is taken off again.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from warehouse.exports.csv_line import unguard
from warehouse.imports.errors import ImportRefused, RowInvalid
from warehouse.imports.line import RecordLines, read_lines
from warehouse.imports.record import Record
from warehouse.imports.source import TextSource

# The longest text of any column, and a bound on how far a forgotten quote can reach.
FIELD_MAX_CHARACTERS = 1024 * 1024


class CsvSource(TextSource):
    """Rows by the names in the header. Lines are counted as an editor counts them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        csv.field_size_limit(FIELD_MAX_CHARACTERS)
        self._lines = RecordLines(read_lines(self._stream))
        self._reader = csv.reader(self._lines, strict=True)
        try:
            self.columns = self._header()
        except BaseException:
            self.close()
            raise

    def _header(self) -> tuple[str, ...]:
        try:
            header = next(self._reader, [])
        except csv.Error as error:
            if "new-line character" in str(error):
                raise ImportRefused(f"{self.path} ends lines with CR alone. Save it with LF or CRLF.") from None
            raise ImportRefused(f"{self.path} has no readable header: {error}.") from None
        if self._lines.problem is not None:
            raise ImportRefused(f"{self.path} has no readable header: {self._lines.problem}. Save it as UTF-8.")
        columns = tuple(name.strip().lower() for name in header)
        if not any(columns):
            raise ImportRefused(f"{self.path} begins with an empty line instead of a header.")
        # Spreadsheets write columns without a name behind the last one.
        repeated = sorted({name for name in columns if name and columns.count(name) > 1})
        if repeated:
            raise ImportRefused(f"{self.path} names the column {repeated[0]!r} twice in its header.")
        return columns

    def records(self) -> Iterator[Record]:
        """The rows after the header, empty lines passed over."""
        lines, width = self._lines, len(self.columns)
        while True:
            lines.begin_record()
            try:
                fields = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = lines.problem or RowInvalid("csv_malformed", f"the row can't be taken apart: {error}")
                raw = lines.keep_first_only()
                yield Record(lines.first_line, {}, len(raw), raw, problem)
                continue
            if not fields or (width > 1 and len(fields) == 1 and not fields[0].strip()):
                continue
            if lines.problem is None and len(fields) == width:
                values = dict(zip(self.columns, map(unguard, fields), strict=True))
                yield Record(lines.first_line, values, lines.size())
            else:
                raw = lines.taken_bytes()
                yield Record(lines.first_line, {}, len(raw), raw, lines.problem or _wrong_width(fields, width))


def _wrong_width(fields: list[str], width: int) -> RowInvalid:
    return RowInvalid("field_count_wrong", f"the row has {len(fields)} fields where the header has {width}")
