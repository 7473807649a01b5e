"""Rows on their way into the database: gathered, stored a batch at a time, each batch in one transaction."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import uuid4

import psycopg

from warehouse.imports.audit import note
from warehouse.imports.importer import Connection, Importer, Outcome, Refusal, Row
from warehouse.imports.report import Report

BATCH_MAX_ROWS = 5_000
# Of those that need not be told apart, which cost less memory and time.
BATCH_MAX_ROWS_TOGETHER = 20_000
# Of rows as read; what is made of them takes a few times that.
BATCH_MAX_BYTES = 16 * 1024 * 1024
# Two imports at the same time take turns, batch by batch: each sees what the other has stored.
IMPORT_LOCK = 0x69_6D_70_6F_72_74

T = TypeVar("T")
OnRefused = Callable[[Refusal], None]


@dataclass
class Batch:
    """Rows in their order, and what can't be one."""

    rows: list[Row] = field(default_factory=list)
    # Rows that say the same as another of the batch.
    repeated: list[Row] = field(default_factory=list)
    by_key: dict[str, Row] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    row_count: int = 0
    size: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it should take no more."""
        return (
            self.size >= BATCH_MAX_BYTES
            or self.row_count >= BATCH_MAX_ROWS_TOGETHER
            or len(self.rows) + len(self.repeated) + len(self.refusals) >= BATCH_MAX_ROWS
        )


def gather(found: Iterable[Row | Refusal]) -> Iterator[Batch]:
    """What was read in batches, each of which can be stored in one transaction."""
    batch = Batch()
    for each in found:
        if isinstance(each, Refusal):
            batch.refusals.append(each)
        elif (key := each.key) is None:
            batch.rows.append(each)
        elif (before := batch.by_key.get(key)) == each:
            batch.repeated.append(each)
        else:
            if before is not None:
                # It says something else about the same thing.
                yield batch
                batch = Batch()
            batch.by_key[key] = each
            batch.rows.append(each)
        batch.row_count += each.row_count
        batch.size += each.size
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch.row_count:
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


# What is done, in the batch's transaction, when it is known which of its rows were refused.
Settle = Callable[[Connection, Batch, Sequence[Refusal]], None]


@dataclass
class Batches:
    """Stores batches, each in one transaction, and counts what became of their rows."""

    connection: Connection
    importer: Importer[Any]
    settle: Settle
    on_refused: OnRefused

    def __post_init__(self) -> None:
        self.report = Report()
        self.import_id = uuid4()

    def store(self, batch: Batch) -> None:
        """Store a batch."""
        with self.connection.transaction():
            self.connection.execute("select pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
            outcome = _with_repeated(batch, self._store(batch.rows))
            refusals = sorted([*batch.refusals, *outcome.refusals], key=lambda refusal: refusal.record.line)
            self.settle(self.connection, batch, refusals)
            note(self.connection, self.importer.kind, self.import_id, outcome)
        self.report.read += batch.row_count
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
            if len(rows) == 1 and rows[0].row_count == 1:
                return Outcome(refusals=[Refusal(rows[0].record, "not_storable", _first_line(error))])
        if len(rows) == 1:
            return self._store(rows[0].parts())
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
