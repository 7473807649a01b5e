"""What the second engine builds from: Parquet files of the raw tables, and the lake's own for events.

An event is read from the lake where the lake has it; those received since, which no file holds yet, are copied out of
the warehouse. Together they are the events the warehouse has loaded, each once.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.lake import LakeDamaged, read_days
from warehouse.lake.manifest import day_directory
from warehouse.lake.verifying import find_damage
from warehouse.raw_tables import LOADED_AT, RAW_TABLES, RawTable

EVENTS = next(table for table in RAW_TABLES if table.full_name == "raw_events.events")
BATCHES = next(table for table in RAW_TABLES if table.full_name == "raw_events.event_batches")
# What the copies cost to write; they live as long as the build.
COMPRESSION = "lz4"
LAKE = "lake"
ARROW_TYPES = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "float8": pa.float64(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    # As text, of which DuckDB reads JSON as well: to call it so would parse every document in every model.
    "jsonb": pa.string(),
}


@dataclass(frozen=True)
class Sources:
    """How many events there are to build from: of the lake, with its days, and those the warehouse alone has."""

    days: int
    lake_events: int
    warehouse_events: int


def gather_sources(
    reading: Any, lake: Path, directory: Path, database: Path, *, on_step: Callable[[str], None] = lambda _: None
) -> Sources:
    """Put the raw tables as of the cursor's snapshot into `directory`, and views of them into the DuckDB file.

    `reading` is an ADBC cursor over the warehouse. The caller makes sure that nobody writes to the lake meanwhile;
    afterwards it may change, because its files are kept by a second name. Raises `LakeDamaged`.
    """
    directory.mkdir(parents=True)
    for table in RAW_TABLES:
        if table is not EVENTS:
            on_step(f"read {table.full_name}")
            _export(reading, table, directory)
    on_step("read the lake")
    days = _keep_lake(lake, directory / LAKE)
    with duckdb.connect(str(database)) as build:
        build.execute("set timezone = 'UTC'")
        archived = _take_archived(build, directory)
        on_step(f"read {EVENTS.full_name}")
        warehouse_events = _export(reading, EVENTS, directory, _unless_archived(archived))
        _create_views(build, directory)
    return Sources(days, sum(count for *_, count in archived), warehouse_events)


def _export(reading: Any, table: RawTable, directory: Path, condition: str = "true") -> int:
    """Write the rows of a raw table to its file; how many."""
    schema = pa.schema(
        [*((c.name, ARROW_TYPES[c.type]) for c in table.columns), (LOADED_AT, ARROW_TYPES["timestamptz"])]
    )
    columns = ", ".join(f'"{c.name}"::text as "{c.name}"' if c.is_json else f'"{c.name}"' for c in table.columns)
    reading.execute(
        f'select {columns}, "{LOADED_AT}" from "{table.schema}"."{table.name}" as raw where {condition}'  # nosec B608
    )
    rows = 0
    with pq.ParquetWriter(_file(table, directory), schema, compression=COMPRESSION) as writer:
        for batch in reading.fetch_record_batch():
            writer.write_batch(pa.RecordBatch.from_arrays([*_cast(batch, schema)], schema=schema))
            rows += batch.num_rows
    return rows


def _cast(batch: pa.RecordBatch, schema: pa.Schema) -> Iterator[pa.Array]:
    for field in schema:
        yield batch.column(field.name).cast(field.type)


def _file(table: RawTable, directory: Path) -> Path:
    return directory / f"{table.full_name}.parquet"


def _keep_lake(lake: Path, directory: Path) -> int:
    """Give every file of the lake a second name, by its day; how many days. Raises `LakeDamaged`."""
    found = read_days(lake)
    if damage := [problem for day in found for problem in find_damage(lake, day)]:
        raise LakeDamaged("; ".join(damage))
    days = [day for day in found if day.parts]
    for day in days:
        place = day_directory(directory, day.received_date)
        place.mkdir(parents=True)
        for part in day.parts:
            source = day_directory(lake, day.received_date) / part.name
            try:
                os.link(source, place / part.name)
            except OSError:
                # Not every file system gives a file two names.
                shutil.copyfile(source, place / part.name)
    return len(days)


def _take_archived(build: duckdb.DuckDBPyConnection, directory: Path) -> list[tuple[date, int, int]]:
    """The batches of the lake by day, with how many events they have, but for those that are not loaded yet.

    These wait for their load, as in the warehouse. Around midnight a batch may have events of two days, of which one is
    archived.
    """
    files = _lake_files(directory)
    if not files:
        return []
    lake = _parquet(files, "hive_partitioning = true, hive_types = {received_date: date}")
    return build.execute(
        f"select received_date, batch_id, count(*) from {lake} where batch_id in ({_loaded_batches(directory)})"  # nosec B608
        " group by received_date, batch_id"
    ).fetchall()


def _unless_archived(archived: list[tuple[date, int, int]]) -> str:
    """A condition over the warehouse's events: those the lake has not."""
    if not archived:
        return "true"
    days = ", ".join(f"'{received_date}'" for received_date, _, _ in archived)
    batches = ", ".join(str(batch_id) for _, batch_id, _ in archived)
    return (
        f"not exists (select 1 from unnest(array[{days}]::date[], array[{batches}]::bigint[])"  # nosec B608
        " as archived (received_date, batch_id) where archived.batch_id = raw.batch_id"
        " and archived.received_date = (raw.received_at at time zone 'UTC')::date)"
    )


def _create_views(build: duckdb.DuckDBPyConnection, directory: Path) -> None:
    for table in RAW_TABLES:
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        rows = f'select {names}, "{LOADED_AT}" from {_parquet([_file(table, directory)])}'  # nosec B608
        if table is EVENTS and (files := _lake_files(directory)):
            rows += f" union all by name {_archived_rows(build, directory, files)}"
        build.execute(f'create schema if not exists "{table.schema}"')
        build.execute(
            f'create view "{table.schema}"."{table.name}" as {rows}'  # nosec B608
        )


def _archived_rows(build: duckdb.DuckDBPyConnection, directory: Path, files: list[Path]) -> str:
    """A query over the lake. What the warehouse knows of a row's load it knows of its batch."""
    batches = _parquet([_file(BATCHES, directory)])
    newest = build.execute(f"select max({LOADED_AT}) from {batches}").fetchall()[0][0]  # nosec B608
    lake = _parquet(files, "union_by_name = true, hive_partitioning = false")
    present = {name for name, *_ in build.execute(f"describe select * from {lake}").fetchall()}  # nosec B608
    names = ", ".join(f'"{column.name}"' for column in EVENTS.columns if column.name in present)
    waiting = build.execute(
        f"select distinct batch_id from {lake} where batch_id not in ({_loaded_batches(directory)})"  # nosec B608
    ).fetchall()
    condition = f" where batch_id not in ({', '.join(str(batch_id) for (batch_id,) in waiting)})" if waiting else ""
    stamp = f"timestamptz '{newest}'" if newest else "cast(null as timestamptz)"
    return f"select {names}, {stamp} as {LOADED_AT} from {lake}{condition}"  # nosec B608


def _loaded_batches(directory: Path) -> str:
    return f"select batch_id from {_parquet([_file(BATCHES, directory)])}"  # nosec B608


def _lake_files(directory: Path) -> list[Path]:
    return sorted((directory / LAKE).rglob("*.parquet"))


def _parquet(files: list[Path], options: str = "") -> str:
    """DuckDB's name for what is in these files."""
    names = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    return f"read_parquet([{names}]{', ' + options if options else ''})"
