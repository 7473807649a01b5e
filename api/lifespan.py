"""What one process of the service holds while it runs: opened in order, closed in the reverse."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import anyio.to_thread
import structlog
from fastapi import FastAPI
from redis.asyncio import Redis

from api.analytics.known_prompts import KnownPrompts
from api.auth.api_key.reader import REMEMBERED_SECONDS as API_KEY_REMEMBERED_SECONDS
from api.auth.api_key.reader import ApiKeyReader
from api.auth.api_key.secret import KeyHasher
from api.auth.last_use import LastUse
from api.auth.link.signer import LinkSigner
from api.auth.password import PasswordHasher
from api.auth.revocation import Revocations
from api.auth.second_factor.vault import SecondFactorVault
from api.auth.token import TokenIssuer
from api.caller import TrustedProxies
from api.database import STATEMENT_TIMEOUT_MS, Database
from api.error_report import error_reports
from api.idempotency.keeper import IdempotencyKeeper
from api.log import json_logging
from api.mail.file import FileMailer
from api.mail.mailer import Mailer
from api.mail.smtp import SmtpMailer
from api.marts_reads import MartsReads
from api.migrations import migrate
from api.outbox.outbox import Outbox
from api.pagination import cursor_secret
from api.payments.gateway import StripeGateway
from api.rate_limit.limiter import RateLimiter
from api.rate_limit.storage import BatchedRedisStorage
from api.redis_batch import RedisBatch
from warehouse.journal import AsyncJournal, Flusher
from warehouse.loading import prepare_warehouse
from warehouse.marts import MartsConnections
from warehouse.servers import Servers, ServerStartFailed, running_servers
from warehouse.settings import Settings, get_settings
from warehouse.tenancy import prepare_access

logger = structlog.get_logger(__name__)

REDIS_TIMEOUT_SECONDS = 5
# Of one process: each takes connections of its own, and the processor.
OWN_EXPORTS_AT_ONCE = 4
# How long a dead embedded server may stay unnoticed. A look costs a connection.
SERVER_WATCH_SECONDS = 2.0


@dataclass(frozen=True)
class Resources:
    """Everything the handlers share. `app.state.resources` while the service runs."""

    settings: Settings
    servers: Servers
    database: Database
    redis: Redis
    redis_batch: RedisBatch
    journal: AsyncJournal
    marts: MartsConnections
    # Rankings are what everybody sees first: whoever reads figures does not keep them waiting.
    figure_reads: MartsReads
    ranking_reads: MartsReads
    tokens: TokenIssuer
    passwords: PasswordHasher
    links: LinkSigner
    vault: SecondFactorVault
    api_keys: ApiKeyReader
    revocations: Revocations
    last_use: LastUse
    stripe: StripeGateway
    idempotency: IdempotencyKeeper
    limiter: RateLimiter
    proxies: TrustedProxies
    cursor_secret: bytes
    mailer: Mailer
    outbox: Outbox = field(default_factory=Outbox)
    known_prompts: KnownPrompts = field(default_factory=KnownPrompts)
    # Each takes connections of its own until it is written.
    own_exports: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(OWN_EXPORTS_AT_ONCE))
    # Set when a webhook was stored, for the worker that handles them.
    webhook_arrived: asyncio.Event = field(default_factory=asyncio.Event)
    # Set when a message was handled, after which there may be more in Stripe's ledger.
    ledger_woken: asyncio.Event = field(default_factory=asyncio.Event)


# A part of the service that runs beside the requests: entered after the resources are open, left before they close.
Worker = Callable[[Resources], AbstractAsyncContextManager[None]]


def create_lifespan(
    settings: Settings | None, workers: Sequence[Worker]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The lifespan of a service with these settings, or those of the environment."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings or get_settings()) as resources, AsyncExitStack() as stack:
            app.state.resources = resources
            for worker in workers:
                await stack.enter_async_context(worker(resources))
            with _frozen_heap():
                yield

    return lifespan


@contextmanager
def _frozen_heap() -> Iterator[None]:
    """Spares the garbage collector what lives as long as the service, most of all the code of its libraries.

    Looking through those half a million objects again and again took a fifth of the time of a request.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Servers that answer, a migrated database, and a flusher that stores what the journal accepts."""
    async with AsyncExitStack() as stack:
        stack.enter_context(json_logging(settings.log_level))
        stack.enter_context(error_reports(settings))
        servers = stack.enter_context(running_servers(settings))
        stack.enter_context(_kept_running(servers))
        await anyio.to_thread.run_sync(_prepare, servers)
        if settings.api_flushes_events:
            stack.enter_context(_running_flusher(settings, servers))
        resources = _connect(settings, servers)
        # Callbacks run last first: the journal writes what it still holds while the flusher is there to store it.
        stack.callback(resources.marts.close)
        stack.callback(resources.figure_reads.close)
        stack.callback(resources.ranking_reads.close)
        stack.push_async_callback(resources.database.close)
        stack.push_async_callback(resources.redis.aclose)
        stack.push_async_callback(resources.redis_batch.close)
        stack.push_async_callback(resources.journal.close)
        stack.push_async_callback(resources.stripe.close)
        yield resources


def _prepare(servers: Servers) -> None:
    """The owner's part of a start: schemas, roles and grants. What runs afterwards connects as others."""
    migrate(servers.database_url)
    prepare_warehouse(servers.warehouse_url)
    prepare_access(servers.access, database_url=servers.database_url, warehouse_url=servers.warehouse_url)


def _connect(settings: Settings, servers: Servers) -> Resources:
    """The clients of the servers. None of them opens a connection before it is used."""
    redis: Redis = Redis.from_url(
        servers.redis_url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS
    )
    batch = RedisBatch(
        Redis.from_url(servers.redis_url, socket_timeout=None, socket_connect_timeout=REDIS_TIMEOUT_SECONDS)
    )
    database = Database(servers.access.application_url, servers.access.scope_key)
    # Never changed while the passwords live, so that what is encrypted beside them stays readable for as long.
    pepper = settings.password_pepper.get_secret_value()
    tokens = TokenIssuer(
        settings.jwt_secret.get_secret_value(),
        previous_secrets=[each.get_secret_value() for each in settings.jwt_previous_secrets],
        access_seconds=settings.access_token_minutes * 60,
        refresh_seconds=settings.refresh_token_days * 24 * 60 * 60,
    )
    # A mark outlives every access token, and what processes remember of API keys.
    remembered_seconds = tokens.lifetime_seconds("access") + API_KEY_REMEMBERED_SECONDS
    marts = _marts(servers)
    return Resources(
        settings=settings,
        servers=servers,
        database=database,
        redis=redis,
        redis_batch=batch,
        journal=AsyncJournal(
            servers.redis_url,
            servers.access.platform_url,
            max_entries=settings.event_journal_max_entries,
            stream_max_bytes=settings.event_stream_max_bytes,
        ),
        marts=marts,
        figure_reads=_reads(settings, marts),
        ranking_reads=_reads(settings, marts),
        tokens=tokens,
        passwords=PasswordHasher(pepper, bcrypt_cost=settings.password_bcrypt_cost),
        links=LinkSigner(pepper),
        vault=SecondFactorVault(pepper),
        api_keys=ApiKeyReader(database, KeyHasher(pepper)),
        revocations=Revocations(redis, batch, database, remembered_seconds=remembered_seconds),
        last_use=LastUse(database),
        stripe=StripeGateway(settings.stripe_api_key.get_secret_value(), base=settings.stripe_base),
        idempotency=IdempotencyKeeper(database),
        mailer=_mailer(settings),
        limiter=_limiter(settings, redis, batch),
        proxies=TrustedProxies(settings.trusted_proxies),
        cursor_secret=cursor_secret(settings.jwt_secret.get_secret_value()),
    )


def _marts(servers: Servers) -> MartsConnections:
    access, seconds = servers.access, STATEMENT_TIMEOUT_MS / 1000
    return MartsConnections(access.marts_url, scope_key=access.scope_key, statement_seconds=seconds)


def _reads(settings: Settings, marts: MartsConnections) -> MartsReads:
    return MartsReads(marts, at_once=settings.marts_reads_at_once, wait_seconds=settings.marts_wait_seconds)


def _limiter(settings: Settings, redis: "Redis", batch: RedisBatch) -> RateLimiter:
    return RateLimiter(
        BatchedRedisStorage(redis, batch),
        is_enabled=settings.rate_limits_enabled,
        multiplier=settings.route_rate_multiplier,
        login_multiplier=settings.login_rate_limit_multiplier,
    )


def _mailer(settings: Settings) -> Mailer:
    if settings.mail_url is None:
        return FileMailer(settings.data_path / "mail", sender=settings.mail_sender)
    return SmtpMailer(settings.mail_url.get_secret_value(), sender=settings.mail_sender)


@contextmanager
def _kept_running(servers: Servers) -> Iterator[None]:
    """Brings embedded servers back that died under the service. Those named by a URL are somebody else's to run."""

    def watch() -> None:
        while not stop.wait(SERVER_WATCH_SECONDS):
            try:
                servers.ensure_running()
            except ServerStartFailed as error:
                logger.error("server_not_restarted", error=str(error))

    stop = threading.Event()
    thread = threading.Thread(target=watch, name="server-watch")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def _running_flusher(settings: Settings, servers: Servers) -> Iterator[None]:
    """Stores accepted events in batches, in a thread of its own. Stops after what is accepted is stored."""
    flusher = Flusher(
        servers.redis_url,
        servers.access.platform_url,
        max_events=settings.event_flush_max_events,
        interval_seconds=settings.event_flush_interval_seconds,
    )
    stop = threading.Event()
    thread = threading.Thread(target=flusher.run, args=(stop,), name="event-flusher")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        flusher.close()
