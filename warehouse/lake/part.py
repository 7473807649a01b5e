"""One Parquet file of the lake: how it is written and read."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.lake.manifest import Part, put_in_place

MOMENT = pa.timestamp("us", tz="UTC")
# Every column that other than events in general has a type of its own; what differs between events is JSON.
SCHEMA = pa.schema(
    [
        ("source", pa.string()), ("event_id", pa.string()), ("event_name", pa.string()), ("schema_version", pa.int64()),
        ("occurred_at", MOMENT), ("received_at", MOMENT), ("organization_id", pa.string()), ("user_id", pa.string()),
        ("anonymous_id", pa.string()), ("session_id", pa.string()), ("request_id", pa.string()),
        ("prompt_id", pa.string()), ("properties", pa.string()), ("batch_id", pa.int64()),
        ("sample_rate", pa.float64()), ("clock_offset_ms", pa.int64()), ("agent", pa.string()), ("is_own", pa.bool_()),
        ("is_staff", pa.bool_()),
    ]
)  # fmt: skip
# What readers filter by first. Like rows beside each other also pack best.
ORDER = ("event_name", "occurred_at", "source", "event_id")
COMPRESSION = "zstd"
# Small enough that a reader of one event name passes over most of a day.
ROWS_A_GROUP = 100_000
HASHED_AT_ONCE = 1024 * 1024


def write_part(directory: Path, name: str, batches: Iterable[pa.RecordBatch]) -> Part | None:
    """Write rows, already in `ORDER`, as a file that is whole or not there; None, and no file, without rows."""
    unfinished = directory / f".{name}.unfinished"
    row_count = 0
    first: datetime | None = None
    last: datetime | None = None
    with pq.ParquetWriter(unfinished, SCHEMA, compression=COMPRESSION, write_statistics=True) as writer:
        for batch in batches:
            if not batch.num_rows:
                continue
            writer.write_batch(_conformed(batch), row_group_size=ROWS_A_GROUP)
            row_count += batch.num_rows
            bounds = pc.min_max(batch.column("occurred_at")).as_py()
            first = min(first or bounds["min"], bounds["min"])
            last = max(last or bounds["max"], bounds["max"])
    if first is None or last is None:
        unfinished.unlink()
        return None
    part = Part(
        name=name,
        row_count=row_count,
        byte_count=unfinished.stat().st_size,
        sha256=hash_file(unfinished),
        first_occurred_at=first,
        last_occurred_at=last,
        written_at=datetime.now(UTC),
    )
    put_in_place(unfinished, directory / name)
    return part


def read_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The rows of a file, a bounded number at once. Columns that came after it was written are null."""
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(use_threads=False):
            yield _conformed(batch)


def _conformed(batch: pa.RecordBatch) -> pa.RecordBatch:
    present = set(batch.schema.names)
    columns = [
        batch.column(field.name).cast(field.type) if field.name in present else pa.nulls(batch.num_rows, field.type)
        for field in SCHEMA
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def count_by_batch(path: Path) -> Counter[int]:
    """How many events of each batch lie in a file."""
    return Counter(pq.read_table(path, columns=["batch_id"]).column("batch_id").to_pylist())


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASHED_AT_ONCE):
            digest.update(chunk)
    return digest.hexdigest()
