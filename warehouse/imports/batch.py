"""Rows on their way into the database: gathered, stored a batch at a time, each batch in one transaction."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import psycopg

from warehouse.imports.errors import RowInvalid
from warehouse.imports.importer import Connection, Importer, Outcome, Refusal, Row
from warehouse.imports.record import Record
from warehouse.imports.report import Report

BATCH_MAX_ROWS = 10_000
# Of rows as read; what is made of them takes a few times that.
BATCH_MAX_BYTES = 16 * 1024 * 1024
# Two imports at the same time take turns, batch by batch: each sees what the other has stored.
IMPORT_LOCK = 0x69_6D_70_6F_72_74

T = TypeVar("T")
OnRefused = Callable[[Refusal], None]
# What is done, in the batch's transaction, with the records that were taken in and those that were not.
Settle = Callable[[Connection, Sequence[Record], Sequence[Refusal]], None]


@dataclass
class Batch:
    """Records in their order, the rows they stand for, and those that stand for none."""

    records: list[Record] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    # Rows that say the same as another of the batch.
    repeated: list[Row] = field(default_factory=list)
    by_key: dict[str, Row] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    size: int = 0


def gather(importer: Importer[Any], records: Iterable[Record]) -> Iterator[Batch]:
    """Records in batches, each of which can be stored in one transaction."""
    batch = Batch()
    for record in records:
        try:
            if record.problem is not None:
                raise record.problem
            row: Row = importer.parse(record)
        except RowInvalid as error:
            batch.refusals.append(Refusal(record, error.reason, str(error)))
        else:
            key = row.key
            if key is None:
                batch.rows.append(row)
            elif (before := batch.by_key.get(key)) == row:
                batch.repeated.append(row)
            else:
                if before is not None:
                    # It says something else about the same thing.
                    yield batch
                    batch = Batch()
                batch.by_key[key] = row
                batch.rows.append(row)
        batch.records.append(record)
        batch.size += record.size
        if len(batch.records) >= BATCH_MAX_ROWS or batch.size >= BATCH_MAX_BYTES:
            yield batch
            batch = Batch()
    if batch.records:
        yield batch


def ahead(items: Iterator[T]) -> Generator[T]:
    """The items, each made in another thread while the one before is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(_next, items)
        while found := coming.result():
            coming = thread.submit(_next, items)
            yield found[0]


def _next(items: Iterator[T]) -> tuple[T] | None:
    for item in items:
        return (item,)
    return None


@dataclass
class Batches:
    """Stores batches, each in one transaction, and counts what became of their rows."""

    connection: Connection
    importer: Importer[Any]
    settle: Settle
    on_refused: OnRefused

    def __post_init__(self) -> None:
        self.report = Report()

    def store(self, batch: Batch) -> None:
        """Store a batch."""
        with self.connection.transaction():
            self.connection.execute("select pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
            outcome = _with_repeated(batch, self._store(batch.rows))
            refusals = sorted([*batch.refusals, *outcome.refusals], key=lambda refusal: refusal.record.line)
            refused = {refusal.record.line for refusal in refusals}
            self.settle(self.connection, [r for r in batch.records if r.line not in refused], refusals)
        self.report.read += len(batch.records)
        self.report.add(outcome)
        self.report.reasons.update(refusal.reason for refusal in refusals)
        for refusal in refusals:
            self.on_refused(refusal)

    def _store(self, rows: Sequence[Row]) -> Outcome:
        """Store rows; when the database refuses one of them, find it by halves and leave out it alone."""
        if not rows:
            return Outcome()
        try:
            with self.connection.transaction():
                return self.importer.store(self.connection, rows)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(rows) == 1:
                return Outcome(refusals=[Refusal(rows[0].record, "not_storable", _first_line(error))])
        half = len(rows) // 2
        return self._store(rows[:half]).plus(self._store(rows[half:]))


def _with_repeated(batch: Batch, outcome: Outcome) -> Outcome:
    """The outcome with the rows that repeat another of the batch: each fared as that one did."""
    refused = {refusal.record.line: refusal for refusal in outcome.refusals}
    for row in batch.repeated:
        first = refused.get(batch.by_key[row.key or ""].record.line)
        if first is None:
            outcome.unchanged += 1
        else:
            outcome.refusals.append(replace(first, record=row.record))
    return outcome


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
