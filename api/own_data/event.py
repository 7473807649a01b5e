"""A person's events: those that name the person, and those of nobody from devices that were the person's alone.

They are read from both databases: old ones are in the warehouse alone, and the newest are not there yet.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from psycopg.rows import DictRow, dict_row

from api.auth.identity import Identity
from api.own_data.device import DEVICE_KINDS, Device, Devices, ids_of
from warehouse.servers import Servers

logger = structlog.get_logger(__name__)

Parameters = dict[str, Any]

# Rows that cross at once from a server, and are in memory.
ROWS_AT_ONCE = 500
# Combinations of a device and a visit that are looked at: what they are looked up by is in memory.
PAIRS_MAX = 5000
CONNECT_TIMEOUT_SECONDS = 5

SEEN = """
select distinct anonymous_id, session_id from {events}
where user_id = %(user)s{uuid} and (anonymous_id is not null or session_id is not null)
limit %(limit)s
"""
# Of nobody, on the person's devices: from no organization, or sent by the person's own. So far an erasure reaches too.
OF_NOBODY = """
user_id is null and (organization_id is null or organization_id = %(organization)s{uuid})
"""
BESIDE = f"""
select distinct anonymous_id, session_id from {{events}}
where {OF_NOBODY} and (anonymous_id = any(%(anonymous_ids)s) or session_id = any(%(session_ids)s))
limit %(limit)s
"""  # nosec B608
# An organization that is not the person's speaks of somebody else.
FOREIGN = """
select distinct
    case when anonymous_id = any(%(anonymous_ids)s) then anonymous_id end as anonymous_id,
    case when session_id = any(%(session_ids)s) then session_id end as session_id
from {events}
where (user_id <> %(user)s{uuid} or organization_id <> %(organization)s{uuid})
    and (anonymous_id = any(%(anonymous_ids)s) or session_id = any(%(session_ids)s))
"""
EVENTS = f"""
select (to_jsonb(events) - '{{{{changed_xid,_loaded_at}}}}'::text[])::text as row
from {{events}} as events
where (
        user_id = %(user)s{{uuid}}
        or {OF_NOBODY}
            and (anonymous_id = any(%(own_anonymous_ids)s) or session_id = any(%(own_session_ids)s))
            and (anonymous_id is null or anonymous_id = any(%(clear_anonymous_ids)s))
            and (session_id is null or session_id = any(%(clear_session_ids)s))
    )
    and (%(before)s::timestamptz is null or received_at < %(before)s)
order by received_at
"""  # nosec B608


@dataclass(frozen=True)
class Store:
    """A database with events. Its ids of users and organizations are uuids, or texts."""

    connection: psycopg.AsyncConnection[DictRow]
    events: str
    uuid: str

    async def pairs(self, statement: str, parameters: Parameters) -> set[Device]:
        """The devices and visits a statement finds."""
        found = await self.connection.execute(self._filled(statement), parameters)
        return {Device(kind, row[kind]) async for row in found for kind in DEVICE_KINDS if row[kind] is not None}

    async def stream(self, statement: str, parameters: Parameters) -> AsyncIterator[list[DictRow]]:
        """The rows of a statement, a bounded number in memory at once."""
        async with self.connection.cursor(name="own_events") as cursor:
            await cursor.execute(self._filled(statement), parameters)
            while rows := await cursor.fetchmany(ROWS_AT_ONCE):
                yield rows

    def _filled(self, statement: str) -> bytes:
        return statement.format(events=self.events, uuid=self.uuid).encode()


class OwnEvents:
    """The events of one person, each of one moment of its database."""

    def __init__(self, stores: Sequence[Store], user: Identity) -> None:
        self._stores = stores
        self._person: Parameters = {"user": str(user.user_id), "organization": str(user.organization_id)}

    async def find_devices(self) -> Devices:
        """The devices the person was seen on, and who else was."""
        limit = {"limit": PAIRS_MAX}
        seen = await self._pairs(SEEN, limit)
        beside = await self._pairs(BESIDE, limit | _named(seen))
        foreign = await self._pairs(FOREIGN, _named(seen | beside))
        is_cut = max(len(seen), len(beside)) >= PAIRS_MAX
        return Devices(frozenset(seen), frozenset(beside), frozenset(foreign), is_cut)

    async def read(self, devices: Devices) -> AsyncIterator[list[str]]:
        """Each event once, as JSON, many at once; those the warehouse alone still has at the end."""
        before = None
        for store in self._stores:
            if store is not self._stores[0]:
                before = await _first_kept(self._stores[0])
            async for rows in store.stream(EVENTS, self._person | devices.parameters() | {"before": before}):
                yield [row["row"] for row in rows]

    async def _pairs(self, statement: str, parameters: Parameters) -> set[Device]:
        found: set[Device] = set()
        for store in self._stores:
            found |= await store.pairs(statement, self._person | parameters)
        return found


@asynccontextmanager
async def open_own_events(servers: Servers, user: Identity) -> AsyncIterator[OwnEvents]:
    """A person's events in the application database and the warehouse. Raises `psycopg.OperationalError`."""
    async with AsyncExitStack() as stack:
        stores = [Store(await stack.enter_async_context(_reading(servers.access.platform_url)), "raw_events", "::uuid")]
        warehouse = await stack.enter_async_context(_reading(servers.warehouse_url))
        if await _has_events(warehouse):
            stores.append(Store(warehouse, "raw_events.events", ""))
        else:
            # No run has loaded anything yet, so nothing is there alone.
            logger.info("warehouse_not_loaded")
        yield OwnEvents(stores, user)


@asynccontextmanager
async def _reading(url: str) -> AsyncIterator[psycopg.AsyncConnection[DictRow]]:
    connection = await psycopg.AsyncConnection.connect(
        url, row_factory=dict_row, connect_timeout=CONNECT_TIMEOUT_SECONDS
    )
    async with connection:
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        await connection.execute("set local time zone 'UTC'")
        yield connection


async def _has_events(warehouse: psycopg.AsyncConnection[DictRow]) -> bool:
    found = await warehouse.execute("select to_regclass('raw_events.events') is not null as is_there")
    row = await found.fetchone()
    return bool(row and row["is_there"])


async def _first_kept(store: Store) -> Any:
    found = await store.connection.execute(f"select min(received_at) as first from {store.events}".encode())  # nosec B608
    row = await found.fetchone()
    return row["first"] if row else None


def _named(devices: set[Device]) -> Parameters:
    return {"anonymous_ids": ids_of("anonymous_id", devices), "session_ids": ids_of("session_id", devices)}
