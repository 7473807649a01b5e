"""The one SQLite file of a simulator: its tables, its lock, its transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1

# Filters on a field of the JSON body are served by these expression indexes, so a list costs its page, not its table.
INDEXED_FIELDS = ("type", "customer", "payment_intent", "charge", "source", "currency", "transfer_group")

_TABLES = (
    """
    create table objects (
        sequence integer primary key autoincrement,
        id text not null unique,
        kind text not null,
        created integer not null,
        body text not null
    )
    """,
    "create index objects_kind on objects (kind)",
    "create index objects_created on objects (kind, created)",
    *(f"create index objects_{name} on objects (kind, json_extract(body, '$.{name}'))" for name in INDEXED_FIELDS),
    """
    create table deliveries (
        id integer primary key autoincrement,
        event_id text not null,
        state text not null default 'pending',
        attempts integer not null default 0,
        created_at_ms integer not null,
        due_at_ms integer not null,
        delivered_at_ms integer,
        last_status integer,
        last_error text
    )
    """,
    "create index deliveries_due on deliveries (state, due_at_ms)",
    "create index deliveries_event on deliveries (event_id, state)",
    """
    create table idempotency_keys (
        key text primary key,
        method text not null,
        path text not null,
        fingerprint text not null,
        request_id text not null,
        status integer not null,
        body blob not null,
        created integer not null
    )
    """,
)


class DataFileUnusable(Exception):
    """The data file cannot be opened; the message is a sentence for whoever started the simulator."""


class Database:
    """A connection that owns its file: a second simulator on the same file is refused.

    Two writers would deliver every event twice. All calls come from the thread of the server's event loop, after the
    connection was made by the thread that composed the application.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # 2 seconds are for a predecessor that is just stopping.
            self._connection = sqlite3.connect(path, timeout=2.0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise DataFileUnusable(f"The data file {path} cannot be opened: {error}.") from error
        self._connection.row_factory = sqlite3.Row
        try:
            self._prepare(path)
        except sqlite3.Error as error:
            self.close()
            raise DataFileUnusable(_explain(path, error)) from error
        except DataFileUnusable:
            self.close()
            raise

    def _prepare(self, path: Path) -> None:
        self.execute("pragma locking_mode = exclusive")
        self.execute("pragma journal_mode = wal")
        # A killed process loses nothing with NORMAL; only a power cut could take the last transactions.
        self.execute("pragma synchronous = normal")
        with self.transaction():
            version = self.execute("pragma user_version").fetchone()[0]
            if version == 0:
                for statement in _TABLES:
                    self.execute(statement)
                self.execute(f"pragma user_version = {SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise DataFileUnusable(
                    f"The data file {path} has layout {version}, this simulator writes layout {SCHEMA_VERSION}: "
                    "delete it or give another --data."
                )

    def execute(self, statement: str, parameters: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Run one statement, in the open transaction or in one of its own."""
        return self._connection.execute(statement, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing for what is executed inside. Not reentrant."""
        self.execute("begin immediate")
        try:
            yield
        except BaseException:
            self.execute("rollback")
            raise
        self.execute("commit")

    def close(self) -> None:
        """Release the file."""
        self._connection.close()


def _explain(path: Path, error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return f"The data file {path} is in use by another simulator: stop it or give this one another --data."
    if "not a database" in str(error):
        return f"The data file {path} is not a SQLite file: give another --data."
    return f"The data file {path} cannot be used: {error}."
