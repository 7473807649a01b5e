"""Sessions of the application database: reading ones and writing ones are different types."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from warehouse.databases import sqlalchemy_url

# One process on two cores has about this many requests in the database at the same time; others wait for a connection.
POOL_SIZE = 10
POOL_OVERFLOW = 10
POOL_WAIT_SECONDS = 10
# No request of the service may keep the database busy for longer.
STATEMENT_TIMEOUT_MS = 30_000
CONNECT_TIMEOUT_SECONDS = 5

# What is raised when the database does not answer, or has no connection left.
DATABASE_DOWN = (OperationalError, InterfaceError, PoolTimeout)


class AsyncReadSession(AsyncSession):
    """A session whose transaction the database keeps read-only."""


class AsyncWriteSession(AsyncSession):
    """A session that is committed by whoever opened it, at the edge: flush in repositories, never commit."""


class Database:
    """The application database of one process. Opens no connection until the first session does."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=POOL_SIZE,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_WAIT_SECONDS,
            # The embedded server may have been restarted since.
            pool_pre_ping=True,
            connect_args={
                "application_name": "marketplace-api",
                "connect_timeout": CONNECT_TIMEOUT_SECONDS,
                "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}",
            },
        )
        read_only = self._engine.execution_options(postgresql_readonly=True)
        self._readers = async_sessionmaker(read_only, class_=AsyncReadSession, expire_on_commit=False)
        self._writers = async_sessionmaker(self._engine, class_=AsyncWriteSession, expire_on_commit=False)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncReadSession]:
        """A read-only transaction."""
        async with self._readers() as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncWriteSession]:
        """One unit of work: committed when the block ends well, rolled back when it raises."""
        async with self._writers() as session, session.begin():
            yield session

    async def ping(self) -> None:
        """Ask the server for an answer. Raises what SQLAlchemy raises when there is none."""
        async with self.reading() as session:
            await session.execute(text("select 1"))

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.dispose()
