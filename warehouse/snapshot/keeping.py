"""What a new snapshot takes over from the latest one: the tables that no publication changed in between.

A snapshot says in `contents.json` which publication changed each of its tables last. A table of the same change is the
same table, so its Parquet file gets a second name and its rows stay in the copied DuckDB file.
"""

import json
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import duckdb

from warehouse.publication.table import PUBLISHED_SCHEMA
from warehouse.snapshot.writing import DUCKDB_FILE

CONTENTS_FILE = "contents.json"
# Tables are taken over only from snapshots written alike. Raise it when what is written changes.
LAYOUT = 2


def write_contents(directory: Path, changes: Mapping[str, str]) -> None:
    """Say in a snapshot which publication changed each table last."""
    contents = {"writer": _writer(), "changed_in": dict(changes)}
    (directory / CONTENTS_FILE).write_text(json.dumps(contents, indent=2), encoding="utf-8")


def keep_unchanged(earlier: Path, directory: Path, changes: Mapping[str, str]) -> set[str]:
    """Take over what `changes` say is the same as in an earlier snapshot, if there is one; the names of the tables."""
    before = _changed_in_alike(earlier)
    kept = {
        name
        for name, publication_id in changes.items()
        if before.get(name) == publication_id and (earlier / f"{name}.parquet").exists()
    }
    if kept:
        shutil.copyfile(earlier / DUCKDB_FILE, directory / DUCKDB_FILE)
    for name in kept:
        _link(earlier / f"{name}.parquet", directory / f"{name}.parquet")
    return kept


def drop_all_but(database: duckdb.DuckDBPyConnection, kept: Collection[str]) -> dict[str, int]:
    """Drop the tables that were not kept; the rows of each one that was."""
    rows = {}
    for (name,) in database.execute("select table_name from duckdb_tables() order by table_name").fetchall():
        table = f'"{PUBLISHED_SCHEMA}"."{name}"'
        if name in kept:
            rows[name] = int(database.execute(f"select count(*) from {table}").fetchall()[0][0])  # nosec B608
        else:
            database.execute(f"drop table {table}")
    return rows


def read_changed_in(directory: Path) -> dict[str, str]:
    """What a snapshot says of which publication changed each of its tables last."""
    changed_in: dict[str, str] = _read_contents(directory).get("changed_in", {})
    return changed_in


def _changed_in_alike(directory: Path) -> dict[str, str]:
    """The same of a snapshot that was written as one is written now; else nothing."""
    return read_changed_in(directory) if _read_contents(directory).get("writer") == _writer() else {}


def _read_contents(directory: Path) -> dict[str, Any]:
    try:
        contents: dict[str, Any] = json.loads((directory / CONTENTS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return contents


def _writer() -> str:
    return f"layout {LAYOUT}, DuckDB {duckdb.__version__}"


def _link(file: Path, name: Path) -> None:
    try:
        os.link(file.resolve(), name)
    except OSError:
        # Not every file system gives a file two names.
        shutil.copyfile(file, name)
