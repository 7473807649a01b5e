"""Changes events that lie in the lake already: for the erasure of a person, and for nothing else."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa

from warehouse.lake.errors import LakeDamaged
from warehouse.lake.manifest import Part, day_directory, read_day, sweep, write_day
from warehouse.lake.part import read_batches, write_part

Change = Callable[[pa.RecordBatch], pa.RecordBatch]
REVISION = ".r"


def rewrite_day(lake: Path, received_date: date, change: Change) -> int:
    """Pass every row of a day through `change`; how many parts were written anew. Parts without a change stay.

    `change` gets some rows at once, with the columns of the lake, and gives back as many in the same order: a person is
    blanked, an event that happened stays counted. Raises `LakeDamaged` when it does not, and then nothing has changed.
    Killed half way, the manifest lists the old parts or the new ones; called again, it finishes. Call inside
    `lake_alone`.
    """
    day = read_day(lake, received_date)
    if not day.parts:
        return 0
    sweep(lake, day)
    directory = day_directory(lake, received_date)
    parts = tuple(_rewrite(directory, part, change) for part in day.parts)
    if parts == day.parts:
        return 0
    rewritten = day.model_copy(update={"parts": parts})
    write_day(lake, rewritten)
    sweep(lake, rewritten)
    return sum(old != new for old, new in zip(day.parts, parts, strict=True))


def _rewrite(directory: Path, part: Part, change: Change) -> Part:
    path = directory / part.name
    if not any(not change(batch).equals(batch) for batch in read_batches(path)):
        return part
    written = write_part(directory, _next_revision(part.name), _changed(path, change))
    if written is None or written.row_count != part.row_count:
        raise LakeDamaged(f"{path.name} was not rewritten: the change lost or gained events")
    return written


def _changed(path: Path, change: Change) -> Iterator[pa.RecordBatch]:
    for batch in read_batches(path):
        yield change(batch)


def _next_revision(name: str) -> str:
    """`part-0001.parquet`, then `part-0001.r2.parquet`, then `part-0001.r3.parquet`."""
    stem = name.removesuffix(".parquet")
    base, _, revision = stem.partition(REVISION)
    return f"{base}{REVISION}{int(revision or 1) + 1}.parquet"
