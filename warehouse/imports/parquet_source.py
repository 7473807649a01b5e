"""Parquet. The line of a row is its number in the file, counted from 1."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.imports.errors import ImportRefused, RowInvalid
from warehouse.imports.record import Record
from warehouse.imports.source import Source
from warehouse.imports.value import EPOCH, shown

ROWS_AT_ONCE = 2000


class Chunk:
    """Some rows of a file, by columns: as Arrow holds them, and as Python's values."""

    def __init__(self, batch: pa.RecordBatch, first_line: int) -> None:
        self.columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        self._values: dict[str, list[Any]] = {}
        self._problems: dict[int, RowInvalid] = {}
        self.row_count = batch.num_rows
        # About what a row takes as it was read.
        self.row_bytes: int = -(-batch.nbytes // max(batch.num_rows, 1))
        self._first_line = first_line

    def values_of(self, name: str) -> list[Any] | None:
        """The values of a column; None when there is none."""
        if name not in self._values and name in self.columns:
            try:
                self._values[name] = _to_values(self.columns[name])
            except (ValueError, OverflowError):
                self._values[name] = [self._value_of(name, index) for index in range(self.row_count)]
        return self._values.get(name)

    def is_utf8(self) -> bool:
        """Whether all texts are, also those nobody reads. No reader of Parquet makes sure of it."""
        try:
            for column in self.columns.values():
                column.validate(full=True)
        except pa.ArrowInvalid:
            return False
        return True

    def record(self, index: int) -> Record:
        """A row by itself."""
        line, values = self._first_line + index, {name: (self.values_of(name) or [])[index] for name in self.columns}
        problem = self._problems.get(index)
        raw = None if problem is None else _as_json(values)
        return Record(line, values, self.row_bytes, raw, problem)

    def _value_of(self, name: str, index: int) -> Any:
        """One value. One that Python can't hold is noted as the problem of its row."""
        column = self.columns[name]
        try:
            return _to_values(column.slice(index, 1))[0]
        except UnicodeDecodeError as error:
            problem = RowInvalid(
                "encoding_invalid", f"{shown(name)} has text whose byte {error.start + 1} is not UTF-8"
            )
        except (ValueError, OverflowError) as error:
            problem = RowInvalid("value_not_storable", f"{shown(name)} can't be read: {_first_line(error)}")
        self._problems.setdefault(index, problem)
        return _as_it_stands(column[index])


class ParquetSource(Source):
    """Rows by column name, read in small chunks."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file = path.open("rb")
        self._read = 0
        try:
            # Reading ahead would take memory in the size of a row group.
            self._parquet = pq.ParquetFile(self._file, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            self._file.close()
            raise ImportRefused(f"{path} is not a Parquet file: {_first_line(error)}.") from None
        except UnicodeDecodeError:
            self._file.close()
            raise ImportRefused(f"{path} has a column whose name is not UTF-8.") from None
        self._rows = self._parquet.metadata.num_rows
        self.columns = tuple(self._parquet.schema_arrow.names)
        repeated = [name for name, times in Counter(self.columns).items() if times > 1]
        if repeated:
            self.close()
            raise ImportRefused(f"{path} names the column {repeated[0]!r} twice in its schema.")

    def records(self) -> Iterator[Record]:
        """The rows in the order of the file."""
        for chunk in self.chunks():
            yield from map(chunk.record, range(chunk.row_count))

    def chunks(self) -> Iterator[Chunk]:
        """The same, many at once."""
        try:
            for batch in self._parquet.iter_batches(batch_size=ROWS_AT_ONCE, use_threads=False):
                chunk = Chunk(batch, self._read + 1)
                self._read += batch.num_rows
                yield chunk
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise ImportRefused(f"{self.path} can't be read after row {self._read}: {_first_line(error)}.") from None

    def fraction_read(self) -> float:
        """By rows."""
        return self._read / self._rows if self._rows else 1.0

    def close(self) -> None:
        """Let go of the file."""
        self._parquet.close()
        self._file.close()


def _to_values(column: pa.Array) -> list[Any]:
    """The values of a column."""
    if pa.types.is_timestamp(column.type):
        return _to_moments(column)
    values: list[Any] = column.to_pylist()
    return [_without_nulls(value) for value in values] if pa.types.is_nested(column.type) else values


def _to_moments(column: pa.TimestampArray) -> list[Any]:
    """Times in UTC, or without a zone where the column has none. What is out of Python's range stays a bare distance.

    Arrow itself looks the zone up for each, which takes thirty times as long.
    """
    if column.type.unit == "ns":
        # Python's times know no nanoseconds.
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    epoch = EPOCH if column.type.tz is not None else EPOCH.replace(tzinfo=None)
    distances = column.cast(pa.int64()).cast(pa.duration(column.type.unit)).to_numpy(zero_copy_only=False).tolist()
    return [None if distance is None else _after(epoch, distance) for distance in distances]


def _after(epoch: datetime, distance: Any) -> Any:
    try:
        return epoch + distance
    except (OverflowError, TypeError):
        return distance


def _without_nulls(value: Any) -> Any:
    """A struct has every field in every row: null is how Parquet says that a property is not there."""
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_nulls(part) for part in value]
    return value


def _as_it_stands(scalar: pa.Scalar) -> Any:
    """A value with all that Python can't hold in it: bytes that are not UTF-8 as surrogates, times by their number.

    The number alone could be taken for another time, when the row is tried again.
    """
    if not scalar.is_valid:
        return None
    if isinstance(scalar, pa.StringScalar):
        return scalar.as_buffer().to_pybytes().decode("utf-8", "surrogateescape")
    if isinstance(scalar, pa.DictionaryScalar | pa.ExtensionScalar):
        return _as_it_stands(scalar.value)
    if isinstance(scalar, pa.ListScalar):
        return [_as_it_stands(each) for each in scalar.values]
    if isinstance(scalar, pa.StructScalar):
        members = [(field.name, _as_it_stands(scalar[place])) for place, field in enumerate(scalar.type)]
        # Two of the same name are kept both.
        return dict(members) if len(dict(members)) == len(members) else members
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return f"{scalar.value} of {scalar.type}"


def _as_json(values: dict[str, Any]) -> bytes:
    """The row as it waits in quarantine: bytes that are not UTF-8 stay, so that it is never taken for a good one."""
    return json.dumps(values, ensure_ascii=False, default=str).encode("utf-8", "surrogateescape")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
