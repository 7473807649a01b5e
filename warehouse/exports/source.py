"""What can be exported, and the queries that read it. Rows come as they are taken, all of one moment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import orjson
import psycopg
from psycopg import sql
from psycopg.rows import DictRow, tuple_row

from warehouse.databases import connect
from warehouse.exports.column import Column, columns_of
from warehouse.lake.manifest import day_directory, read_days
from warehouse.lake.part import SCHEMA, read_batches
from warehouse.publication.reading import is_published
from warehouse.publication.table import PUBLISHED_SCHEMA, Table, read_tables

Kind = Literal["users", "prompts", "transactions", "events"]
Connection = psycopg.Connection[DictRow]

# Rows that cross at once from the server.
STREAMED_ROWS = 5000


class NothingPublished(Exception):
    """There are no marts to export yet, or none of that name; the message says what to do."""


@dataclass(frozen=True)
class RowSet:
    """Rows that are read while they are taken, their columns, and about how many there are."""

    columns: tuple[Column, ...]
    rows: Iterator[Sequence[Any]]
    expected_count: int


# No password hash, no secret, nothing that lets anybody log in.
USERS = """
select
    users.id, users.external_id, users.email, users.role, users.organization_id, organizations.name as company_name,
    users.is_owner, users.is_active, users.email_verified_at, users.erased_at, users.created_at, users.updated_at
from users
inner join organizations on users.organization_id = organizations.id
order by users.id
"""

# With the names a catalog is imported by, so that the file can be.
PROMPTS = """
select
    prompts.id, prompts.external_id, prompts.title, versions.template, prompts.description, prompts.category,
    prompts.tags, prompts.price_cents, prompts.currency, organizations.name as seller, prompts.model,
    prompts.created_at, prompts.seller_organization_id, prompts.status, prompts.current_version,
    prompts.published_at, prompts.updated_at
from prompts
inner join organizations on prompts.seller_organization_id = organizations.id
left join prompt_versions as versions
    on prompts.id = versions.prompt_id and prompts.current_version = versions.version
order by prompts.id
"""

# Refunds of an order together, as orders are imported.
TRANSACTIONS = """
select
    orders.id, orders.external_id, prompts.external_id as prompt_external_id, users.external_id as user_external_id,
    orders.amount_cents, orders.currency, orders.paid_at, refunds.refunded_at, refunds.refunded_cents,
    orders.fee_cents, orders.status, orders.provider, orders.prompt_id, orders.prompt_version,
    orders.buyer_organization_id, orders.buyer_user_id, orders.seller_organization_id,
    orders.stripe_payment_intent_id, orders.receipt_id, orders.created_at, orders.updated_at
from orders
inner join prompts on orders.prompt_id = prompts.id
inner join users on orders.buyer_user_id = users.id
left join (
    select order_id, max(refunded_at) as refunded_at, sum(amount_cents)::bigint as refunded_cents
    from refunds
    where status = 'succeeded'
    group by order_id
) as refunds on orders.id = refunds.order_id
order by orders.id
"""

_EVENT_NAMES = ", ".join(SCHEMA.names)
EVENTS = f"select {_EVENT_NAMES} from raw_events order by received_at, source, event_id"  # nosec B608

EXPORTS: dict[Kind, str] = {
    "users": USERS,
    "prompts": PROMPTS,
    "transactions": TRANSACTIONS,
    "events": EVENTS,
}
_TABLES: dict[Kind, str] = {"users": "users", "prompts": "prompts", "transactions": "orders", "events": "raw_events"}


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    """A connection whose whole block sees one moment of the database."""
    with connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


@contextmanager
def open_export(connection: Connection, kind: Kind, *, lake: Path | None = None) -> Iterator[RowSet]:
    """The rows of the application database; of events also those that are in the lake alone, which come first."""
    expected = _count(connection, sql.Identifier(_TABLES[kind]))
    archived: list[Path] = []
    if kind == "events" and lake is not None:
        # After the first look at the table no day can leave it until the transaction ends.
        kept = _days_kept(connection)
        days = [day for day in read_days(lake) if day.received_date not in kept]
        archived = [day_directory(lake, day.received_date) / part.name for day in days for part in day.parts]
        expected += sum(day.row_count for day in days)
    with _streamed(connection, sql.SQL(EXPORTS[kind]).format()) as found:
        yield RowSet(found.columns, chain(_archived_rows(archived), found.rows), expected)


@contextmanager
def open_table(connection: Connection, name: str, columns: Sequence[str], *, key: Sequence[str]) -> Iterator[RowSet]:
    """The rows of a table of the application database by its key, and these columns of them."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    table = sql.Identifier(name)
    order = sql.SQL(", ").join(map(sql.Identifier, key))
    statement = sql.SQL("select {} from {} order by {}").format(names, table, order)
    with _streamed(connection, statement) as found:
        yield RowSet(found.columns, found.rows, _count(connection, table))


@contextmanager
def _streamed(connection: Connection, statement: sql.Composed) -> Iterator[RowSet]:
    with connection.cursor(name="export", row_factory=tuple_row) as cursor:
        cursor.itersize = STREAMED_ROWS
        cursor.execute(statement)
        yield RowSet(columns_of(cursor.description or ()), iter(cursor), 0)


def _days_kept(connection: Connection) -> set[date]:
    rows = connection.execute(
        "select relname as name from pg_class inner join pg_inherits on pg_class.oid = pg_inherits.inhrelid"
        " where pg_inherits.inhparent = 'raw_events'::regclass"
    )
    return {date.fromisoformat(row["name"].removeprefix("d")) for row in rows}


def _archived_rows(files: Sequence[Path]) -> Iterator[Sequence[Any]]:
    place = SCHEMA.names.index("properties")
    for file in files:
        for batch in read_batches(file):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                row = list(values)
                row[place] = orjson.loads(row[place])
                yield row


def published_tables(connection: Connection) -> list[Table]:
    """The marts there are. Raises `NothingPublished`."""
    tables = read_tables(connection, PUBLISHED_SCHEMA) if is_published(connection) else []
    if not tables:
        raise NothingPublished("Nothing has been published yet. Publish with: python cli/manage.py pipeline run")
    return tables


def current_publication(connection: Connection) -> str | None:
    """Which publication the marts are of."""
    row = connection.execute("select publication_id from marts.publications where status = 'current'").fetchone()
    return row["publication_id"] if row else None


@contextmanager
def open_marts(connection: Connection, mart: str | None = None) -> Iterator[RowSet]:
    """The rows of a mart; or of all of them, each as the name of its mart and a JSON object.

    Raises `NothingPublished`.
    """
    tables = published_tables(connection)
    wanted = [table for table in tables if mart in (None, table.name)]
    if not wanted:
        raise NothingPublished(f"There is no mart {mart}. There are {', '.join(table.name for table in tables)}")
    with _streamed(connection, _all_rows(wanted) if mart is None else _rows_of(wanted[0])) as found:
        yield RowSet(found.columns, found.rows, sum(_count(connection, table.identifier) for table in wanted))


def _all_rows(tables: Sequence[Table]) -> sql.Composed:
    parts = [
        sql.SQL("select {}::text as mart, to_jsonb(rows) as row from {} as rows").format(
            sql.Literal(table.name), table.identifier
        )
        for table in tables
    ]
    return sql.SQL(" union all ").join(parts)


def _rows_of(table: Table) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.published_columns)
    key = sql.SQL(", ").join(map(sql.Identifier, table.key))
    ordered = sql.SQL(" order by {}").format(key) if table.key else sql.SQL("")
    return sql.SQL("select {} from {}{}").format(names, table.identifier, ordered)


def _count(connection: Connection, table: sql.Composable) -> int:
    row = connection.execute(sql.SQL("select count(*) as rows from {}").format(table)).fetchone()
    return int(row["rows"]) if row else 0
