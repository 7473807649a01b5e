"""What is published at the moment."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.publication.days import forget_day_changes
from warehouse.publication.table import PUBLISHED_SCHEMA, read_tables


@dataclass(frozen=True)
class PublishedState:
    """The current publication and the rows of each published table."""

    publication_id: str
    as_of: datetime
    policy_version: str
    finished_at: datetime
    mart_rows: dict[str, int]


def read_current(connection: psycopg.Connection[DictRow]) -> PublishedState | None:
    """The current publication, or None when nothing has been published yet.

    Hand over a connection in a repeatable-read transaction to have the counts of exactly this publication.
    """
    if not is_published(connection):
        return None
    current = connection.execute("select * from marts.publications where status = 'current'").fetchone()
    if current is None:
        return None
    return PublishedState(
        publication_id=current["publication_id"],
        as_of=current["as_of"],
        policy_version=current["policy_version"],
        finished_at=current["finished_at"],
        mart_rows=count_rows(connection),
    )


def is_published(connection: psycopg.Connection[DictRow]) -> bool:
    """Whether there ever was a publication in this warehouse."""
    found = connection.execute("select to_regclass('marts.publications') is not null as is_there").fetchone()
    return bool(found and found["is_there"])


def count_rows(connection: psycopg.Connection[DictRow]) -> dict[str, int]:
    """Rows of each published table by name."""
    counts = {}
    for table in read_tables(connection, PUBLISHED_SCHEMA):
        row = connection.execute(sql.SQL("select count(*) as rows from {}").format(table.identifier)).fetchone()
        counts[table.name] = int(row["rows"]) if row else 0
    return counts


def read_changes(connection: psycopg.Connection[DictRow]) -> dict[str, str]:
    """For each published mart the publication that changed it last; without the ranks, which change with every one."""
    found = connection.execute("select to_regclass('control.mart_changes') is not null as is_there").fetchone()
    if not (found and found["is_there"]):
        return {}
    rows = connection.execute("select mart, publication_id from control.mart_changes")
    return {row["mart"]: row["publication_id"] for row in rows}


def forget_changes(connection: psycopg.Connection[DictRow]) -> None:
    """From now on no copy of a mart holds, in the caller's transaction."""
    found = connection.execute("select to_regclass('control.mart_changes') is not null as is_there").fetchone()
    if found and found["is_there"]:
        connection.execute("delete from control.mart_changes")
    forget_day_changes(connection)
