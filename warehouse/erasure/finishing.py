"""Ends erasures: retires snapshots and rebuilt marts with the person, and looks whether anything is left anywhere."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.engine.place import ENGINE_DIRECTORY, retire_result
from warehouse.erasure.files import erase_files
from warehouse.erasure.naming import python_pattern
from warehouse.erasure.person import Person
from warehouse.erasure.rows import text_of_binary
from warehouse.erasure.search import named_in
from warehouse.erasure.tables import person_names
from warehouse.erasure.worklist import note_done, note_remaining
from warehouse.snapshot.taking import LATEST, only_writer, snapshot_directory
from warehouse.snapshot.writing import DUCKDB_FILE

Connection = psycopg.Connection[DictRow]
# The work list itself, which is emptied when the search has found nothing else.
WORK_LIST = "erasures"
# Ids of visits that are long enough not to stand in other data by chance.
LONG_ID = 16


@dataclass(frozen=True)
class FinishReport:
    """What came of a run's erasures: how many are done, where the others were still found, and which files went."""

    completed: int
    remaining: dict[str, list[str]]
    retired_snapshots: list[str]
    is_engine_retired: bool = False


def finish_erasures(
    database_url: str, warehouse_url: str, data_path: Path, people: Sequence[Person]
) -> FinishReport:  # fmt: skip
    """Search for these people everywhere and close the erasures of those who are nowhere any more."""
    if not people:
        return FinishReport(0, {}, [])
    retired = retire_snapshots(snapshot_directory(data_path), people)
    is_engine_retired = retire_result(data_path.resolve() / ENGINE_DIRECTORY, lambda file: holds_any(file, people))
    # Again: the run itself may have logged a name.
    erase_files(data_path.resolve(), people)
    remaining: dict[str, list[str]] = {}
    with connect(database_url, autocommit=True) as connection, connect(warehouse_url) as warehouse:
        left = [*find_people(connection, people), *find_people(warehouse, people)]
        for person in people:
            tables = [table for found, table in left if found is person]
            if tables:
                remaining[str(person.erasure_id)] = tables
                note_remaining(connection, person, tables)
            else:
                note_done(connection, person)
    return FinishReport(len(people) - len(remaining), remaining, retired, is_engine_retired)


def retire_snapshots(snapshots: Path, people: Sequence[Person]) -> list[str]:
    """Delete the snapshots that hold any of the people, but for the latest, which was taken after the erasure."""
    if not snapshots.is_dir():
        return []
    retired = []
    with only_writer(snapshots):
        latest = (snapshots / LATEST).resolve().name
        for directory in sorted(path for path in snapshots.iterdir() if path.is_dir() and not path.is_symlink()):
            if directory.name != latest and holds_any(directory / DUCKDB_FILE, people):
                shutil.rmtree(directory)
                retired.append(directory.name)
    return retired


def holds_any(file: Path, people: Sequence[Person]) -> bool:
    """Whether a snapshot names any of the people anywhere. One that can't be read does."""
    if not people:
        return False
    if not file.exists():
        return True
    # What marts call a device is looked for as a beginning: somebody with a longer id may cost an old snapshot.
    ids = [
        _in_json(word)
        for person in people
        for word in (*(id_ for id_ in person.session_ids if len(id_) >= LONG_ID), *person_names(person))
    ]
    words = [*ids, *(_in_json(form) for person in people for form in person.forms)]
    named = python_pattern("|".join(person.text_pattern for person in people))
    with duckdb.connect(str(file), read_only=True) as database:
        tables = database.execute("select database_name, schema_name, table_name from duckdb_tables()").fetchall()
        for table in tables:
            name = ".".join('"' + part.replace('"', '""') + '"' for part in table)
            # As JSON: a row as text has a backslash before every apostrophe.
            is_named = "len(list_filter($1, lambda word: contains(lower(to_json(whole)::varchar), word))) > 0"
            statement = f"select lower(to_json(whole)::varchar) from {name} as whole where {is_named}"  # nosec B608
            found = database.execute(statement, [words])
            # Not all of them name the person: the address may be part of somebody else's.
            while row := found.fetchone():
                if named.search(row[0]) or any(id_ in row[0] for id_ in ids):
                    return True
    return False


def _in_json(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)[1:-1].lower()


def find_people(connection: Connection, people: Sequence[Person]) -> Iterator[tuple[Person, str]]:
    """Each person that a database names anywhere, with the table."""
    tables = connection.execute(
        """
        select schemas.nspname as schema, tables.relname as name,
            array(
                select columns.attname::text from pg_attribute as columns
                where columns.attrelid = tables.oid and columns.atttypid = 'bytea'::regtype
                    and columns.attnum > 0 and not columns.attisdropped
            ) as binaries
        from pg_class as tables
        inner join pg_namespace as schemas on tables.relnamespace = schemas.oid
        where tables.relkind in ('r', 'p') and not tables.relispartition
            and left(schemas.nspname, 3) <> 'pg_' and schemas.nspname <> 'information_schema'
        order by 1, 2
        """
    ).fetchall()
    for table in tables:
        if table["name"] == WORK_LIST:
            continue
        texts: list[sql.Composable] = [sql.SQL("whole::text")]
        texts += [sql.SQL(text_of_binary("{}")).format(sql.Identifier(name)) for name in table["binaries"]]
        for person in named_in(connection, sql.Identifier(table["schema"], table["name"]), texts, people):
            yield person, f"{table['schema']}.{table['name']}"
