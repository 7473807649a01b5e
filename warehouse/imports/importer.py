"""What the three kinds of import have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.imports.errors import RowInvalid
from warehouse.imports.record import Record
from warehouse.imports.source import Source
from warehouse.journal import Rejected
from warehouse.journal.quarantine import Kind

Connection = psycopg.Connection[DictRow]


class Row(Protocol):
    """A well-formed row. Two rows are equal when they say the same, wherever they stand."""

    @property
    def row_count(self) -> int:
        """How many rows of the file it stands for: more than one where they need not be told apart."""

    def parts(self) -> "Sequence[Row]":
        """The same, one for each row of the file."""

    @property
    def record(self) -> Record:
        """What it was made of, or the first of that."""

    @property
    def size(self) -> int:
        """About the memory it takes, in bytes."""

    @property
    def key(self) -> str | None:
        """What at most one row of a batch may be about; None when that does not matter."""


@dataclass(frozen=True)
class RecordRow:
    """A row that was made of a record."""

    record: Record = field(compare=False)
    row_count: ClassVar[int] = 1

    def parts(self) -> "Sequence[Self]":
        """It alone."""
        return [self]

    @property
    def size(self) -> int:
        """That of the record."""
        return self.record.size

    @property
    def key(self) -> str | None:
        """None, unless a kind says otherwise."""
        return None


R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Refusal:
    """A row that was not taken in. `kept_as` is the fingerprint under which the journal has kept it already."""

    record: Record
    reason: str
    detail: str
    kept_as: bytes | None = None
    row_count: ClassVar[int] = 1

    @property
    def size(self) -> int:
        """That of the record."""
        return self.record.size


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

    def begin_batch(self) -> None:
        """What is parsed from now on belongs to another batch."""

    @abstractmethod
    def parse(self, record: Record) -> R:
        """The row a record stands for. Raises `RowInvalid`."""

    def read(self, source: Source) -> Iterator[R | Refusal]:
        """The rows of a file in their order, and what can't be one. Needs no connection."""
        return self.parse_each(source.records())

    def parse_each(self, records: Iterable[Record]) -> Iterator[R | Refusal]:
        """The row each record stands for, or why it stands for none."""
        for record in records:
            yield self.parse_or_refuse(record)

    def parse_or_refuse(self, record: Record) -> R | Refusal:
        """The row a record stands for, or why it stands for none."""
        try:
            if record.problem is not None:
                raise record.problem
            return self.parse(record)
        except RowInvalid as error:
            return Refusal(record, error.reason, str(error))

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
