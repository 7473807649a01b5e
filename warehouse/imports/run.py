"""Imports one file."""

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from warehouse.imports.batch import Batch, Batches, OnRefused, Settle, ahead, gather
from warehouse.imports.catalog import CatalogImporter, NameVariables, name_no_variables
from warehouse.imports.errors import ImportRefused
from warehouse.imports.event import EventImporter
from warehouse.imports.formats import Format, find_format
from warehouse.imports.importer import Connection, Importer, Refusal, rejected
from warehouse.imports.order import OrderImporter
from warehouse.imports.report import Report
from warehouse.imports.source import Source, open_source
from warehouse.journal import StoreReport, quarantine, record_batch
from warehouse.journal.quarantine import Kind

OnProgress = Callable[[float], None]
OnWarning = Callable[[str], None]

# Of the interpreter, between the thread that reads and the one that stores.
TURN_SECONDS = 0.0001


def ignore(_: object) -> None:
    """For those who don't want to hear."""


def _importer(kind: Kind, origin: str, name_variables: NameVariables, export: Format | None) -> Importer[Any]:
    if kind == "catalog":
        return CatalogImporter(name_variables=name_variables)
    return OrderImporter() if kind == "orders" else EventImporter(origin, export)


def import_file(
    connection: Connection,
    kind: Kind,
    path: Path,
    *,
    is_dry_run: bool = False,
    on_progress: OnProgress = ignore,
    on_refused: OnRefused = ignore,
    on_warning: OnWarning = ignore,
    name_variables: NameVariables = name_no_variables,
    export: Format | None = None,
) -> Report:
    """Import a file into the application database; what became of its rows.

    `connection` must be in autocommit mode: each batch is a transaction of its own, so that a killed import keeps whole
    batches and the next one goes on from there. Rows that can't be taken in go into quarantine. A dry run does all the
    same in one transaction that is rolled back; what it would change stays locked until then. `name_variables` finds
    the variables of a template; `export` is the system whose export a file of events is. Raises `ImportRefused` for a
    file that can't be imported at all.
    """
    importer = _importer(kind, path.name, name_variables, export)
    with open_source(path) as source:
        _check_columns(source, importer, on_warning)
        with _rolled_back(connection) if is_dry_run else nullcontext():
            importer.prepare(connection)
            batches = Batches(connection, importer, _keeping(kind, path.name), on_refused)
            with _no_look_for_cycles(), _short_turns(), closing(ahead(gather(importer.read(source)))) as gathered:
                for batch in gathered:
                    batches.store(batch)
                    # What this batch left behind, if anything.
                    gc.collect(0)
                    on_progress(source.fraction_read())
    on_progress(1.0)
    return batches.report


def _check_columns(source: Source, importer: Importer[Any], on_warning: OnWarning) -> None:
    """Raise `ImportRefused` when a needed column is missing; warn of those nobody reads."""
    missing = [name for name in importer.needed if name not in source.columns]
    if missing and source.columns:
        plural = "s" if len(missing) > 1 else ""
        raise ImportRefused(
            f"{source.path} has no column{plural} {', '.join(missing)}, needed in a file of {importer.kind}. "
            f"It has: {', '.join(source.columns)}.{_hint(source.columns, importer)}"
        )
    if importer.reads_all_columns:
        return
    unknown = [name for name in source.columns if name and name not in (*importer.needed, *importer.optional)]
    if unknown:
        on_warning(f"{source.path}: not read: {', '.join(unknown)}")


def _hint(columns: tuple[str, ...], importer: Importer[Any]) -> str:
    """For exports of other systems, and for files whose whole header was taken for one column."""
    if importer.kind == "events" and (export := find_format(columns)) is not None:
        return f" That is an export of {export.title}: import it with --format {export.name}."
    separator = next((mark for mark in (";", "\t", "|") if len(columns) == 1 and mark in columns[0]), None)
    return f" Fields must be separated by ',', not by {separator!r}." if separator else ""


@contextmanager
def _rolled_back(connection: Connection) -> Iterator[None]:
    with connection.transaction(force_rollback=True):
        yield


@contextmanager
def _no_look_for_cycles() -> Iterator[None]:
    """Rows are freed without it; to look through all of them again and again takes a third of the processor."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _short_turns() -> Iterator[None]:
    """Let the thread that stores go on at once when Postgres has answered, though the other one is still reading ahead.

    By default it waits for 5 ms every time, and Postgres with it.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _keeping(kind: Kind, origin: str) -> Settle:
    """Puts what was refused into quarantine, with the line it stands on."""

    def keep(connection: Connection, _batch: Batch, refusals: Sequence[Refusal]) -> None:
        rows = [
            rejected(kind, refusal, f"{origin}:{refusal.record.line}")
            for refusal in refusals
            if refusal.kept_as is None
        ]
        quarantine(connection, rows)
        if kind == "events":
            # The journal has recorded those that reached it.
            record_batch(connection, StoreReport(received=len(rows), quarantined=len(rows)), origin=origin)

    return keep
