"""One way to have servers: `with running_servers(settings) as servers`."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis

from warehouse.servers.errors import ServerStartFailed, ServerUnreachable
from warehouse.servers.lease import Lease
from warehouse.servers.postgres import EmbeddedPostgres
from warehouse.servers.redis import EmbeddedRedis
from warehouse.settings import Settings, database_name, with_database
from warehouse.tenancy import Access, access_of

APPLICATION_DATABASE = "marketplace"
WAREHOUSE_SUFFIX = "_warehouse"
CONNECT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Servers:
    """Where the application database, the warehouse database and Redis answer."""

    database_url: str
    warehouse_url: str
    redis_url: str
    # As whom the API, readers of marts and analysts connect; the URLs above are the owner's.
    access: Access
    _embedded: tuple[EmbeddedPostgres | EmbeddedRedis, ...] = field(default=(), repr=False)
    _lease: Lease | None = field(default=None, repr=False)

    def ensure_running(self) -> None:
        """Bring embedded servers that died back to life; does nothing for servers named by a URL."""
        if self._lease is None:
            return
        with self._lease.change():
            for server in self._embedded:
                server.ensure_running()


@contextmanager
def running_servers(settings: Settings) -> Iterator[Servers]:
    """Servers that answer, for as long as the block runs.

    Embedded ones are started when nobody runs them, shared by all processes with the same data directory, and stopped
    by the last one that leaves. Raises `ServerStartFailed` or `ServerUnreachable`.
    """
    embedded: list[EmbeddedPostgres | EmbeddedRedis] = []
    postgres = EmbeddedPostgres(_absolute(settings.data_path) / "postgres")
    cache = EmbeddedRedis(_absolute(settings.data_path) / "redis")
    if settings.database_url is None:
        embedded.append(postgres)
    if settings.redis_url is None:
        embedded.append(cache)
    if not embedded:
        servers = _addresses(settings, postgres, cache, (), None)
        _verify(settings)
        yield servers
        return
    lease = Lease(_absolute(settings.data_path) / "servers")
    with lease.change():
        lease.take()
        for server in embedded:
            server.ensure_running()
    try:
        servers = _addresses(settings, postgres, cache, tuple(embedded), lease)
        _verify(settings)
        yield servers
    finally:
        with lease.change():
            if lease.is_last():
                for server in embedded:
                    server.stop()
            lease.drop()


@contextmanager
def servers_or_addresses(settings: Settings) -> Iterator[Servers]:
    """`running_servers`, for those who have to work when one does not answer: then where they should be."""
    with ExitStack() as stack:
        try:
            servers = stack.enter_context(running_servers(settings))
        except (ServerStartFailed, ServerUnreachable):
            data_path = _absolute(settings.data_path)
            servers = _addresses(
                settings, EmbeddedPostgres(data_path / "postgres"), EmbeddedRedis(data_path / "redis"), (), None
            )
        yield servers


def warehouse_address(settings: Settings) -> str:
    """The warehouse's URL, as its owner, whether or not its server runs."""
    postgres = EmbeddedPostgres(_absolute(settings.data_path) / "postgres")
    return _owner_urls(settings, postgres)[1]


def _owner_urls(settings: Settings, postgres: EmbeddedPostgres) -> tuple[str, str]:
    database_url = settings.database_url or postgres.url(APPLICATION_DATABASE)
    name = database_name(database_url) or APPLICATION_DATABASE
    return database_url, settings.warehouse_url or with_database(database_url, name + WAREHOUSE_SUFFIX)


def _absolute(path: Path) -> Path:
    return path.expanduser().resolve()


def _addresses(
    settings: Settings,
    postgres: EmbeddedPostgres,
    cache: EmbeddedRedis,
    embedded: tuple[EmbeddedPostgres | EmbeddedRedis, ...],
    lease: Lease | None,
) -> Servers:
    database_url, warehouse_url = _owner_urls(settings, postgres)
    return Servers(
        database_url=database_url,
        warehouse_url=warehouse_url,
        redis_url=settings.redis_url or cache.url,
        access=access_of(settings, database_url=database_url, warehouse_url=warehouse_url),
        _embedded=embedded,
        _lease=lease,
    )


def _verify(settings: Settings) -> None:
    for setting, url in (("DATABASE_URL", settings.database_url), ("WAREHOUSE_URL", settings.warehouse_url)):
        if url is not None:
            verify_postgres(setting, url)
    if settings.redis_url is not None:
        verify_redis(settings.redis_url)


def verify_postgres(setting: str, url: str) -> None:
    """Connect once to the server (its database may not exist yet), or raise `ServerUnreachable` naming the setting."""
    try:
        psycopg.connect(with_database(url, "postgres"), connect_timeout=CONNECT_TIMEOUT_SECONDS).close()
    except (psycopg.Error, ValueError) as first:
        try:
            psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_SECONDS).close()
        except (psycopg.Error, ValueError):
            reason = str(first).strip().splitlines()[0] if str(first).strip() else type(first).__name__
            raise ServerUnreachable(
                f"{setting} does not lead to a PostgreSQL server: {reason}. "
                f"Correct {setting}, or unset it to use the embedded server."
            ) from None


def verify_redis(url: str) -> None:
    """Ping once, or raise `ServerUnreachable`."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT_SECONDS) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise ServerUnreachable(
            f"REDIS_URL does not lead to a Redis server: {error}. "
            "Correct REDIS_URL, or unset it to use the embedded server."
        ) from None
