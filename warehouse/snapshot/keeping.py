"""What a new snapshot takes over from the latest one: the tables, and days of tables, that no publication changed.

A snapshot says in `contents.json` which publication changed each of its tables last, and each day of those that are
divided into days. A table of the same change is the same table, so its Parquet file gets a second name and its rows
stay in the copied DuckDB file; so it is with a day of the same change.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from warehouse.publication.days import MART_DAYS
from warehouse.publication.table import PUBLISHED_SCHEMA
from warehouse.snapshot.writing import DUCKDB_FILE, parquet_path

CONTENTS_FILE = "contents.json"
# Tables are taken over only from snapshots written alike. Raise it when what is written changes.
LAYOUT = 3


@dataclass(frozen=True)
class Changes:
    """The publication that changed each table last, and each day (ISO 8601) of those divided into days."""

    changed_in: Mapping[str, str] = field(default_factory=dict)
    days_changed_in: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """What was taken over: whole tables, and of others the days (ISO 8601) that are as they were."""

    tables: frozenset[str] = frozenset()
    days: Mapping[str, frozenset[str]] = field(default_factory=dict)


def write_contents(directory: Path, changes: Changes) -> None:
    """Say in a snapshot which publication changed each table last."""
    contents = {
        "writer": _writer(),
        "changed_in": dict(changes.changed_in),
        "days_changed_in": {mart: dict(days) for mart, days in changes.days_changed_in.items()},
    }
    (directory / CONTENTS_FILE).write_text(json.dumps(contents, indent=2), encoding="utf-8")


def keep_unchanged(earlier: Path, directory: Path, changes: Changes) -> Kept:
    """Take over what `changes` say is the same as in an earlier snapshot, if there is one."""
    before = read_contents(earlier) if _is_alike(earlier) else Changes()
    tables = frozenset(
        name
        for name, publication_id in changes.changed_in.items()
        if before.changed_in.get(name) == publication_id and parquet_path(earlier, name).exists()
    )
    days = {
        name: kept
        for name in (MART_DAYS.keys() & before.changed_in.keys() & changes.changed_in.keys()) - tables
        if (kept := _same_days(earlier, name, before, changes))
    }
    if tables or days:
        shutil.copyfile(earlier / DUCKDB_FILE, directory / DUCKDB_FILE)
    for name in tables:
        _link(parquet_path(earlier, name), parquet_path(directory, name))
    for name, kept in days.items():
        parquet_path(directory, name).mkdir()
        for day in kept:
            _link(parquet_path(earlier, name, day=day), parquet_path(directory, name, day=day))
    return Kept(tables, days)


def _same_days(earlier: Path, name: str, before: Changes, changes: Changes) -> frozenset[str]:
    then = before.days_changed_in.get(name, {})
    return frozenset(
        day
        for day, publication_id in changes.days_changed_in.get(name, {}).items()
        if then.get(day) == publication_id and parquet_path(earlier, name, day=day).exists()
    )


def drop_all_but(database: duckdb.DuckDBPyConnection, kept: Kept) -> dict[str, int]:
    """Drop the tables and the rows that were not kept; the rows of each table that is as it was."""
    rows = {}
    for (name,) in database.execute("select table_name from duckdb_tables() order by table_name").fetchall():
        table = f'"{PUBLISHED_SCHEMA}"."{name}"'
        if name in kept.tables:
            rows[name] = int(database.execute(f"select count(*) from {table}").fetchall()[0][0])  # nosec B608
        elif name in kept.days:
            # Named by what goes: few days, whose rows lie side by side.
            days = database.execute(f'select distinct "{MART_DAYS[name].day}" from {table}').fetchall()  # nosec B608
            gone = [day for (day,) in days if day.isoformat() not in kept.days[name]]
            database.execute(f'delete from {table} where "{MART_DAYS[name].day}" in (select unnest($1))', [gone])  # nosec B608
        else:
            database.execute(f"drop table {table}")
    return rows


def read_contents(directory: Path) -> Changes:
    """What a snapshot says of which publication changed each of its tables last."""
    contents = _read(directory)
    return Changes(contents.get("changed_in", {}), contents.get("days_changed_in", {}))


def _is_alike(directory: Path) -> bool:
    """Whether a snapshot was written as one is written now."""
    return bool(_read(directory).get("writer") == _writer())


def _read(directory: Path) -> dict[str, Any]:
    try:
        contents: dict[str, Any] = json.loads((directory / CONTENTS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return contents


def _writer() -> str:
    return f"layout {LAYOUT}, DuckDB {duckdb.__version__}"


def _link(file: Path, name: Path) -> None:
    if file.is_dir():
        name.mkdir()
        for part in file.iterdir():
            _link(part, name / part.name)
        return
    try:
        os.link(file.resolve(), name)
    except OSError:
        # Not every file system gives a file two names.
        shutil.copyfile(file, name)
