"""Sessions of the application database: reading ones and writing ones are different types, and each has a scope."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import generators
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from api.tenancy import NOBODY, Scope, remember_signer
from warehouse.databases import sqlalchemy_url
from warehouse.tenancy import SETTING, ScopeSigner

# One process on two cores has about this many requests in the database at the same time; others wait for a connection.
POOL_SIZE = 10
POOL_OVERFLOW = 10
POOL_WAIT_SECONDS = 10
# No request of the service may keep the database busy for longer.
STATEMENT_TIMEOUT_MS = 30_000
CONNECT_TIMEOUT_SECONDS = 5

# What is raised when the database does not answer, or has no connection left.
DATABASE_DOWN = (OperationalError, InterfaceError, PoolTimeout)

_SCOPE = "signed_scope"
# Temporary tables last, whatever the role's own path: none of them must stand in for a real one.
_BEGIN_IN_SCOPE = (
    f"select set_config('{SETTING}', $1, true), set_config('search_path', 'public, pg_temp', true)".encode()
)
_BEGUN = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.PIPELINE_SYNC)


class ScopedConnection(psycopg.AsyncConnection[Any]):
    """A connection whose transactions begin in `signed_scope`, in the message that begins them: it costs no round trip.

    The settings are the transaction's own, so they end with it, however it ends, and count for more than what somebody
    left on the connection. The scope travels as a parameter: what a query says, every session of the role can read in
    `pg_stat_activity`, and a signed scope is good for whoever has it.
    """

    signed_scope = ""

    def _start_query(self) -> PQGen[None]:
        if self.autocommit or self.pgconn.transaction_status != TransactionStatus.IDLE:
            yield from super()._start_query()
            return
        self.pgconn.enter_pipeline_mode()
        try:
            self.pgconn.send_query_params(self._get_tx_start_command(), None)
            self.pgconn.send_query_params(_BEGIN_IN_SCOPE, [self.signed_scope.encode()])
            self.pgconn.pipeline_sync()
            yield from generators.send(self.pgconn)
            # Those of the two statements, and of the end of the message.
            results = yield from generators.fetch_many(self.pgconn)
            results += yield from generators.fetch_many(self.pgconn)
            results += yield from generators.fetch_many(self.pgconn)
            self.pgconn.exit_pipeline_mode()
        except BaseException:
            # Nobody knows what the server still says to which of the two.
            self.pgconn.finish()
            raise
        for result in results:
            if result.status not in _BEGUN:
                raise psycopg.errors.error_from_result(result, encoding=self.pgconn._encoding)


class AsyncReadSession(AsyncSession):
    """A session whose transaction the database keeps read-only."""


class AsyncWriteSession(AsyncSession):
    """A session that is committed by whoever opened it, at the edge: flush in repositories, never commit."""


class Database:
    """The application database of one process. Opens no connection until the first session does."""

    def __init__(self, url: str, scope_key: bytes) -> None:
        self._signer = ScopeSigner(scope_key)
        self._engine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_WAIT_SECONDS,
            # The embedded server may have been restarted since.
            pool_pre_ping=True,
            connect_args={
                "async_creator_fn": ScopedConnection.connect,
                "application_name": "marketplace-api",
                "connect_timeout": CONNECT_TIMEOUT_SECONDS,
                "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}",
            },
        )
        event.listen(self._engine.sync_engine, "checkin", _forget_scope)
        read_only = self._engine.execution_options(postgresql_readonly=True)
        scoped: dict[str, Any] = {"expire_on_commit": False, "sync_session_class": _ScopedSession}
        self._readers = async_sessionmaker(read_only, class_=AsyncReadSession, **scoped)
        self._writers = async_sessionmaker(self._engine, class_=AsyncWriteSession, **scoped)

    @asynccontextmanager
    async def reading(self, scope: Scope = NOBODY) -> AsyncIterator[AsyncReadSession]:
        """A read-only transaction that sees what its scope may: without one, what everybody sees."""
        async with self._readers(info=self._info(scope)) as session:
            remember_signer(session, self._signer)
            yield session

    @asynccontextmanager
    async def writing(self, scope: Scope = NOBODY) -> AsyncIterator[AsyncWriteSession]:
        """One unit of work: committed when the block ends well, rolled back when it raises."""
        async with self._writers(info=self._info(scope)) as session, session.begin():
            remember_signer(session, self._signer)
            yield session

    def _info(self, scope: Scope) -> dict[str, Any]:
        return {_SCOPE: self._signer.sign(scope)}

    async def ping(self) -> None:
        """Ask the server for an answer. Raises what SQLAlchemy raises when there is none."""
        async with self.reading() as session:
            await session.execute(text("select 1"))

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.dispose()


class _ScopedSession(Session):
    """Hands its scope to each connection a transaction of it begins on."""


@event.listens_for(_ScopedSession, "after_begin")
def _begin_in_scope(session: Session, _: SessionTransaction, connection: Connection) -> None:
    _driver_connection(connection.connection).signed_scope = session.info[_SCOPE]


def _forget_scope(pooled: Any, _: Any) -> None:
    """Whoever takes the connection next without saying in which scope is nobody."""
    if pooled is not None:
        _driver_connection(pooled).signed_scope = ""


def _driver_connection(pooled: Any) -> ScopedConnection:
    connection: ScopedConnection = pooled.driver_connection
    return connection
