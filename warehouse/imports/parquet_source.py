"""Parquet. The line of a row is its number in the file, counted from 1."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.imports.errors import ImportRefused
from warehouse.imports.record import Record
from warehouse.imports.source import Source

ROWS_AT_ONCE = 2000


class ParquetSource(Source):
    """Rows by column name, read in small batches."""

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
        self._rows = self._parquet.metadata.num_rows
        self.columns = tuple(self._parquet.schema_arrow.names)

    def records(self) -> Iterator[Record]:
        """The rows in the order of the file."""
        try:
            for batch in self._parquet.iter_batches(batch_size=ROWS_AT_ONCE, use_threads=False):
                for values in _in_microseconds(batch).to_pylist():
                    self._read += 1
                    size = sum(len(value) for value in values.values() if isinstance(value, str))
                    yield Record(self._read, {name: _without_nulls(value) for name, value in values.items()}, size)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise ImportRefused(f"{self.path} can't be read after row {self._read}: {_first_line(error)}.") from None

    def fraction_read(self) -> float:
        """By rows."""
        return self._read / self._rows if self._rows else 1.0

    def close(self) -> None:
        """Let go of the file."""
        self._parquet.close()
        self._file.close()


def _in_microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Python's times know no nanoseconds."""
    for index, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            column = batch.column(index).cast(pa.timestamp("us", field.type.tz), safe=False)
            batch = batch.set_column(index, field.name, column)
    return batch


def _without_nulls(value: Any) -> Any:
    """A struct has every field in every row: null is how Parquet says that a property is not there."""
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_nulls(part) for part in value]
    return value


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
