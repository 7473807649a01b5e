"""JSON Lines: one object a line."""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import orjson

from warehouse.imports.errors import ImportRefused, RowInvalid
from warehouse.imports.line import LINE_MAX_BYTES, is_too_long, read_lines
from warehouse.imports.record import Record
from warehouse.imports.source import TextSource

# So many rows tell which columns a file has.
ROWS_LOOKED_AT = 100


class JsonLinesSource(TextSource):
    """Rows by the keys of their objects."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._records = self._read()
        try:
            self._first = list(islice(self._records, ROWS_LOOKED_AT))
            if self._first and (self._first[0].raw or b"").lstrip().startswith(b"["):
                raise ImportRefused(f"{path} is one JSON array. Write one object a line.")
        except BaseException:
            self.close()
            raise
        self.columns = tuple(dict.fromkeys(chain.from_iterable(record.values for record in self._first)))

    def records(self) -> Iterator[Record]:
        """The rows, empty lines passed over."""
        first, self._first = self._first, []
        yield from first
        yield from self._records

    def _read(self) -> Iterator[Record]:
        for number, line in enumerate(read_lines(self._stream), start=1):
            if line.strip():
                yield read_object(line, number)


def read_object(line: bytes, number: int) -> Record:
    """The record of one line."""
    if is_too_long(line):
        problem = RowInvalid("line_too_long", f"the line is longer than {LINE_MAX_BYTES} bytes")
        return Record(number, {}, len(line), line, problem)
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Record(number, {}, len(line), line, _problem(line, error))
    if not isinstance(value, dict):
        return Record(number, {}, len(line), line, RowInvalid("json_not_an_object", "the line is not a JSON object"))
    return Record(number, value, len(line), line.strip())


def _problem(line: bytes, error: orjson.JSONDecodeError) -> RowInvalid:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as undecodable:
        return RowInvalid("encoding_invalid", f"byte {undecodable.start + 1} of the line is not UTF-8")
    return RowInvalid("json_malformed", f"the line is not JSON: {error}")
