"""What the three kinds of import have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.imports.record import Record
from warehouse.journal import Rejected
from warehouse.journal.quarantine import Kind

Connection = psycopg.Connection[DictRow]


@dataclass(frozen=True)
class Row:
    """A well-formed row. Two rows are equal when they say the same, wherever they stand."""

    record: Record = field(compare=False)

    @property
    def key(self) -> str | None:
        """What at most one row of a batch may be about; None when that does not matter."""
        return None


R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Refusal:
    """A row that was not taken in. `kept_as` is the fingerprint under which the journal has kept it already."""

    record: Record
    reason: str
    detail: str
    kept_as: bytes | None = None


@dataclass
class Outcome:
    """What became of the rows of one batch."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    def plus(self, other: "Outcome") -> "Outcome":
        """Both together."""
        return Outcome(
            inserted=self.inserted + other.inserted,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
            duplicates=self.duplicates + other.duplicates,
            refusals=self.refusals + other.refusals,
        )


class Importer(ABC, Generic[R]):
    """Turns records into rows and rows into the application database. One per file."""

    kind: Kind
    needed: tuple[str, ...]
    optional: tuple[str, ...]
    # Whether a column that is not read needs no warning.
    reads_all_columns: bool = False

    @abstractmethod
    def prepare(self, connection: Connection) -> None:
        """Create the temporary tables of this session."""

    @abstractmethod
    def parse(self, record: Record) -> R:
        """The row a record stands for. Raises `RowInvalid`."""

    @abstractmethod
    def store(self, connection: Connection, rows: Sequence[R]) -> Outcome:
        """Store one batch in the caller's transaction. No two rows have the same key."""


def rejected(kind: Kind, refusal: Refusal, origin: str) -> Rejected:
    """A refusal as the quarantine takes it."""
    return Rejected(kind, origin, refusal.record.as_bytes(), refusal.reason, refusal.detail)


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Empty a temporary table and fill it."""
    connection.execute(sql.SQL("truncate {}").format(sql.Identifier(table)))
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def single(connection: Connection, statement: str) -> DictRow:
    """The one row of a query that always has one."""
    row = connection.execute(statement).fetchone()
    if row is None:
        raise LookupError(f"the query gave no row: {statement}")
    return row


def moment(value: datetime) -> str:
    """A time in a message."""
    return value.isoformat().replace("+00:00", "Z")
