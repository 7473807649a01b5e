"""One read is one transaction over one publication."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import DictRow

from warehouse.databases import connect, database_exists
from warehouse.marts.reader import Marts, find_publication
from warehouse.marts.row import Publication
from warehouse.tenancy import NOBODY, SETTING, Scope, ScopeSigner

# As many as one API process has reads going at the same time on two cores; further ones are opened and closed.
IDLE_CONNECTIONS_KEPT = 8

# For one transaction, which ends with the read.
SET = "select set_config(name, value, true) from unnest(%s::text[], %s::text[]) as wanted (name, value)"


class MartsUnavailable(Exception):
    """The warehouse can't be read just now; the message says why."""

    status = 503


class MartsConnections:
    """Keeps the connections of finished reads for the next ones. Safe to share between threads.

    A statement that takes longer than `statement_seconds` is stopped by the server, and the read is unavailable.
    """

    def __init__(
        self,
        warehouse_url: str,
        *,
        scope_key: bytes = b"",
        idle_kept: int = IDLE_CONNECTIONS_KEPT,
        statement_seconds: float | None = None,
    ) -> None:
        self._warehouse_url = warehouse_url
        self._signer = ScopeSigner(scope_key)
        self._idle_kept = idle_kept
        self._statement_seconds = statement_seconds
        self._idle: list[psycopg.Connection[DictRow]] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the idle connections. A later read opens a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def read(self, scope: Scope = NOBODY) -> Iterator[Marts]:
        """See `read_marts`."""
        try:
            connection, publication = self._begin(self._signer.sign(scope))
            if connection is None:
                yield Marts(None, None)
                return
            try:
                yield Marts(connection, publication)
            finally:
                self._give_back(connection)
        except psycopg.OperationalError as error:
            raise MartsUnavailable(
                f"The warehouse can't be read: {_first_line(error)}. Try again in a moment."
            ) from error

    def _begin(self, scope: str) -> tuple[psycopg.Connection[DictRow] | None, Publication | None]:
        """A connection inside its transaction and the publication it sees; no connection if nothing was published."""
        while (kept := self._take()) is not None:
            try:
                return self._look(kept, scope)
            except psycopg.OperationalError:
                # The server was restarted since: a read changes nothing, so another connection may try.
                continue
        try:
            opened = connect(self._warehouse_url)
        except psycopg.OperationalError:
            if database_exists(self._warehouse_url):
                raise
            return None, None
        opened.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        opened.read_only = True
        return self._look(opened, scope)

    def _look(
        self, connection: psycopg.Connection[DictRow], scope: str
    ) -> tuple[psycopg.Connection[DictRow] | None, Publication | None]:
        try:
            if wanted := self._settings(scope):
                connection.execute(SET, [list(wanted), list(wanted.values())])
            return connection, find_publication(connection)
        except psycopg.errors.UndefinedTable:
            self._give_back(connection)
            return None, None
        except psycopg.Error:
            connection.close()
            raise

    def _settings(self, scope: str) -> dict[str, str]:
        wanted = {SETTING: scope} if scope else {}
        if self._statement_seconds is not None:
            wanted["statement_timeout"] = f"{self._statement_seconds * 1000:.0f}ms"
        return wanted

    def _take(self) -> psycopg.Connection[DictRow] | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _give_back(self, connection: psycopg.Connection[DictRow]) -> None:
        if _is_clean(connection):
            with self._lock:
                if len(self._idle) < self._idle_kept:
                    self._idle.append(connection)
                    return
        connection.close()


@contextmanager
def read_marts(source: str | MartsConnections, scope: Scope = NOBODY) -> Iterator[Marts]:
    """The marts as one publication left them: everything read in the block is of the same run.

    What is seen follows from `scope`: without one, what everybody may see. `source` is the warehouse's URL (a
    connection for this one read) or `MartsConnections` (for many). The block runs in one repeatable-read, read-only
    transaction, so keep it short. Where nothing was ever published `marts.publication` is None and every read is empty.
    Raises `MartsUnavailable`.
    """
    if isinstance(source, MartsConnections):
        with source.read(scope) as marts:
            yield marts
        return
    with MartsConnections(source, idle_kept=0).read(scope) as marts:
        yield marts


def _is_clean(connection: psycopg.Connection[DictRow]) -> bool:
    """Ends the transaction; whether the connection can serve another."""
    try:
        connection.rollback()
    except psycopg.OperationalError:
        return False
    return True


def _first_line(error: psycopg.OperationalError) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
