"""Writes rows into one file, in one of several formats."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal, Protocol

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.exports.column import Column, arrow_value, json_value
from warehouse.exports.csv_line import csv_lines
from warehouse.exports.unfinished import unfinished_file

FileFormat = Literal["json", "jsonl", "csv", "parquet"]
FORMATS: tuple[FileFormat, ...] = ("json", "jsonl", "csv", "parquet")
_ENDINGS: dict[str, FileFormat] = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".parquet": "parquet",
}

# Rows held in memory at once; as many make a group of a Parquet file.
ROWS_AT_ONCE = 5000

Row = Sequence[Any]


@dataclass(frozen=True)
class Written:
    """A file that was written."""

    path: Path
    format: FileFormat
    row_count: int
    byte_count: int


class _Writer(Protocol):
    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None: ...

    def write(self, rows: list[Row]) -> None: ...

    def finish(self) -> None: ...


def format_of(path: Path) -> FileFormat | None:
    """The format a file's name ends with, if any."""
    return _ENDINGS.get(path.suffix.lower())


def write_rows(path: Path, file_format: FileFormat, columns: Sequence[Column], rows: Iterable[Row]) -> Written:
    """Write all rows, in memory that does not grow with them. Raises `OSError`; then there is no file of this name.

    Nobody but its owner can read the file: exports hold what belongs to others.
    """
    count = 0
    with unfinished_file(path) as file:
        writer = _WRITERS[file_format](file, columns)
        arriving = iter(rows)
        while part := list(islice(arriving, ROWS_AT_ONCE)):
            writer.write(part)
            count += len(part)
        writer.finish()
    return Written(path, file_format, count, path.stat().st_size)


class _JsonLines:
    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        self._file = file
        self._names = [column.name for column in columns]

    def write(self, rows: list[Row]) -> None:
        self._file.write(b"".join(self._line(row) + b"\n" for row in rows))

    def finish(self) -> None:
        pass

    def _line(self, row: Row) -> bytes:
        values = (json_value(value) for value in row)
        return orjson.dumps(dict(zip(self._names, values, strict=True)), default=str)


class _Json(_JsonLines):
    """One array with a row on each line."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        super().__init__(file, columns)
        self._before = b"[\n"

    def write(self, rows: list[Row]) -> None:
        for row in rows:
            self._file.write(self._before + self._line(row))
            self._before = b",\n"

    def finish(self) -> None:
        self._file.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")


class _Csv:
    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        self._file = file
        self.write([[column.name for column in columns]])

    def write(self, rows: list[Row]) -> None:
        self._file.write(csv_lines(rows).encode())

    def finish(self) -> None:
        pass


class _Parquet:
    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        self._columns = columns
        self._schema = pa.schema([(column.name, column.arrow_type) for column in columns])
        self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, rows: list[Row]) -> None:
        arrays = [
            pa.array([arrow_value(row[place], column) for row in rows], type=column.arrow_type)
            for place, column in enumerate(self._columns)
        ]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def finish(self) -> None:
        self._writer.close()


_WRITERS: dict[FileFormat, type[_Writer]] = {"json": _Json, "jsonl": _JsonLines, "csv": _Csv, "parquet": _Parquet}
