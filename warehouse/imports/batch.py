"""Rows on their way into the database: gathered, stored a batch at a time, each batch in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from warehouse.imports.errors import RowInvalid
from warehouse.imports.importer import Connection, Importer, Outcome, Refusal, Row
from warehouse.imports.record import Record
from warehouse.imports.report import Report

BATCH_MAX_ROWS = 5_000
# Of rows as read; what is made of them takes a few times that.
BATCH_MAX_BYTES = 16 * 1024 * 1024
# Two imports at the same time take turns, batch by batch: each sees what the other has stored.
IMPORT_LOCK = 0x69_6D_70_6F_72_74

OnRefused = Callable[[Refusal], None]
# What is done, in the batch's transaction, with the records that were taken in and those that were not.
Settle = Callable[[Connection, Sequence[Record], Sequence[Refusal]], None]


@dataclass
class Batches:
    """Takes records one by one and stores them when enough have come. `finish` stores the rest."""

    connection: Connection
    importer: Importer[Any]
    settle: Settle
    on_refused: OnRefused

    def __post_init__(self) -> None:
        self.report = Report()
        self._clear()

    def _clear(self) -> None:
        self._records: list[Record] = []
        self._refusals: list[Refusal] = []
        self._rows: list[Row] = []
        self._repeated: list[Row] = []
        self._by_key: dict[str | None, Row] = {}
        self._size = 0

    def take(self, record: Record) -> None:
        """Take one record, and store the batch when it is full."""
        try:
            row = self._parse(record)
        except RowInvalid as error:
            self._refusals.append(Refusal(record, error.reason, str(error)))
        else:
            self._add(row)
        self._records.append(record)
        self._size += record.size
        if len(self._records) >= BATCH_MAX_ROWS or self._size >= BATCH_MAX_BYTES:
            self.finish()

    def _parse(self, record: Record) -> Row:
        if record.problem is not None:
            raise record.problem
        row: Row = self.importer.parse(record)
        return row

    def _add(self, row: Row) -> None:
        """Add a row, after storing the batch when it says something else about the same thing."""
        if row.key is not None:
            before = self._by_key.get(row.key)
            if before == row:
                self._repeated.append(row)
                return
            if before is not None:
                self.finish()
            self._by_key[row.key] = row
        self._rows.append(row)

    def finish(self) -> None:
        """Store what has been taken so far, in one transaction."""
        if not self._records:
            return
        with self.connection.transaction():
            self.connection.execute("select pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
            outcome = self._with_repeated(self._store(self._rows))
            refusals = sorted([*self._refusals, *outcome.refusals], key=lambda refusal: refusal.record.line)
            refused = {refusal.record.line for refusal in refusals}
            self.settle(self.connection, [r for r in self._records if r.line not in refused], refusals)
        self.report.read += len(self._records)
        self.report.add(outcome)
        self.report.reasons.update(refusal.reason for refusal in refusals)
        self._clear()
        for refusal in refusals:
            self.on_refused(refusal)

    def _with_repeated(self, outcome: Outcome) -> Outcome:
        """The outcome with the rows that repeat another of the batch: each fared as that one did."""
        refused = {refusal.record.line: refusal for refusal in outcome.refusals}
        for row in self._repeated:
            first = refused.get(self._by_key[row.key].record.line)
            if first is None:
                outcome.unchanged += 1
            else:
                outcome.refusals.append(replace(first, record=row.record))
        return outcome

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


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
