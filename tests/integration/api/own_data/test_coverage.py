"""What the export hands over is what an erasure reaches: nothing is kept that is in one of them alone."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from api.database import Database
from api.lifespan import Resources
from api.own_data.export import export
from api.own_data.holding import HOLDINGS
from api.own_data.repository import FURTHER
from tests.integration.api.conftest import PASSWORD, Account
from tests.integration.api.own_data.conftest import read_export
from tests.waiting import wait_until
from warehouse.databases import connect
from warehouse.erasure import Person, Sources, erase_sources, erase_warehouse, read_open
from warehouse.erasure.finishing import WORK_LIST, find_people
from warehouse.raw_tables import RAW_TABLES

# What a column is called that may name a person.
PERSONAL = re.compile("user_id|subject_id|email|anonymous_id|session_id|address|user_agent")
KINDS = {holding.table for holding in HOLDINGS} | FURTHER.keys() | {"raw_events"}

LONG_AGO = """
insert into raw_events.events (
    source, event_id, event_name, received_at, occurred_at, organization_id, user_id, anonymous_id, properties,
    _loaded_at
)
select 'api', gen_random_uuid()::text, 'prompt.viewed', '2020-01-01', '2020-01-01', organization_id, user_id,
    %(device)s, '{}', now()
from (values (%(organization)s, %(user)s), (null, null)) as made (organization_id, user_id)
"""

SPEAKS = """
insert into outbox (kind, payload, given_up_at)
values ('mail.notice', jsonb_build_object('to', %(email)s::text), now());
insert into webhook_inbox (source, external_id, event_type, body, payload, handled_at)
values ('stripe', gen_random_uuid(), 'x', '', jsonb_build_object('email', %(email)s::text), now());
insert into quarantine (kind, origin, fingerprint, byte_count, raw, reason, detail)
values ('events', 'api', sha256(convert_to(%(email)s, 'UTF8')), 1, convert_to(%(email)s, 'UTF8'), 'x', 'x');
insert into invitations (organization_id, email, role, expires_at)
select id, %(email)s, 'buyer', now() from organizations order by id limit 1
"""


@dataclass(frozen=True)
class Marketplace:
    """Where the person is looked for."""

    database_url: str
    warehouse_url: str
    redis_url: str
    resources: Resources


@pytest.fixture
def marketplace(service: FastAPI, api_url: str) -> Marketplace:
    resources: Resources = service.state.resources
    servers = resources.servers
    return Marketplace(servers.database_url, servers.warehouse_url, servers.redis_url, resources)


@pytest.fixture
def device(person: Account, marketplace: Marketplace) -> str:
    """A device the person was seen on long ago, before a log-in too."""
    device = f"device-{uuid4()}"
    with connect(marketplace.warehouse_url) as warehouse:
        names = {"organization": person.organization_id, "user": person.user_id, "device": device}
        warehouse.execute(LONG_AGO, names)
    return device


def person_of(account: Account, device: str) -> Person:
    """The person as an erasure looks for it, also by the device."""
    return Person(uuid4(), UUID(account.user_id), None, UUID(account.organization_id), (account.email, device))


def tables_with(marketplace: Marketplace, person: Person) -> set[str]:
    """Every table of both databases that names the person, by walking their catalogues."""
    found = set()
    for url in (marketplace.database_url, marketplace.warehouse_url):
        with connect(url, autocommit=True) as connection:
            found |= {table for _, table in find_people(connection, [person])}
    return found


@pytest.fixture
def erase(
    client: httpx.Client, marketplace: Marketplace, stored_events: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> Callable[[Account], None]:
    """Erases a person, as the request and the next run of the pipeline do."""

    def erase(account: Account) -> None:
        answer = client.request("DELETE", "/auth/me", json={"password": PASSWORD}, headers=account.headers)
        assert answer.status_code == 202, answer.text
        # The call itself names the person and is written after its answer: that is why a run waits a while.
        request_id = answer.headers["X-Request-ID"]
        wait_until(lambda: stored_events("api.requested", request_id=request_id), "the call was written")
        with connect(marketplace.database_url, autocommit=True) as connection:
            people = [each for each in read_open(connection, settle_seconds=0) if str(each.user_id) == account.user_id]
            urls = (marketplace.database_url, marketplace.warehouse_url, marketplace.redis_url)
            known = erase_sources(Sources(connection, *urls, data_path=tmp_path), people)
        erase_warehouse(marketplace.warehouse_url, known)

    return erase


def kinds_exported(marketplace: Marketplace, account: Account) -> set[str]:
    """The kinds of lines in an export of whoever has these ids, also when nobody has them any more."""

    async def read() -> set[str]:
        access = marketplace.resources.servers.access
        database = Database(access.application_url, access.scope_key)
        who: Any = SimpleNamespace(
            user_id=UUID(account.user_id), organization_id=UUID(account.organization_id), email=account.email
        )
        try:
            lines = export(replace(marketplace.resources, database=database), who)
            return {json.loads(line)["kind"] async for part in lines for line in part.splitlines()}
        finally:
            await database.close()

    return asyncio.run(read())


class TestCoverage:
    def test_every_table_that_names_the_person_is_exported_and_none_does_after_an_erasure(
        self,
        client: httpx.Client,
        person: Account,
        device: str,
        marketplace: Marketplace,
        erase: Callable[[Account], None],
    ):
        exported = {line["kind"] for line in read_export(client, person)}
        looked_for = person_of(person, device)
        named = tables_with(marketplace, looked_for)
        assert {table.partition(".")[2] for table in named} - {"events"} <= exported
        assert {"public.users", "public.raw_events", "raw_events.events"} <= named
        erase(person)
        # All of it but the work list, which the search passes over until nothing else is left.
        assert tables_with(marketplace, looked_for) == set()
        assert WORK_LIST not in exported

    def test_nothing_is_left_to_export_after_an_erasure(
        self, person: Account, device: str, marketplace: Marketplace, erase: Callable[[Account], None]
    ):
        assert kinds_exported(marketplace, person) == KINDS | {"export", "devices"}
        erase(person)
        assert kinds_exported(marketplace, person) == {"export"}


@pytest.fixture
def named(client: httpx.Client, marketplace: Marketplace) -> Callable[..., Account]:
    """Registers somebody with an address of one's own, of which another company's payments and mails speak."""

    def register(email: str, *, is_verified: bool = True) -> Account:
        body = {"email": email, "password": PASSWORD, "company_name": f"Company of {uuid4()}", "role": "buyer"}
        answer = client.post("/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        tokens = answer.json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        me = client.get("/auth/me", headers=headers).json()
        with connect(marketplace.database_url) as database:
            database.execute(
                "update users set email_verified_at = case when %s then now() end where id = %s",
                [is_verified, me["id"]],
            )
            for statement in SPEAKS.split(";"):
                database.execute(statement.encode(), {"email": email})
        return Account(me["id"], me["organization_id"], email, "buyer", tokens)

    return register


def told(client: httpx.Client, account: Account) -> list[dict[str, Any]]:
    """What an export has that others wrote of the address, without what a call of the API itself adds."""
    kinds = {"users", "outbox", "webhook_inbox", "quarantine"}
    return [line for line in read_export(client, account) if line["kind"] in kinds]


class TestAddressesAlike:
    def test_the_export_of_the_longer_one_is_the_same_after_the_shorter_ones_erasure(
        self,
        client: httpx.Client,
        named: Callable[..., Account],
        marketplace: Marketplace,
        erase: Callable[[Account], None],
    ):
        name = f"bob{uuid4().hex}@company.com"
        bob, other, mary = named(name), named(f"{name}.au"), named(f"mary-{name}")
        before = [told(client, each) for each in (other, mary)]
        assert [{line["kind"] for line in lines} for lines in before] == [
            {"users", "outbox", "webhook_inbox", "quarantine"}
        ] * 2
        assert other.email not in json.dumps(told(client, bob))
        looked_for = replace(person_of(bob, bob.email), others=(other.email, mary.email))
        assert {"public.outbox", "public.webhook_inbox"} <= tables_with(marketplace, looked_for)
        erase(bob)
        assert [told(client, each) for each in (other, mary)] == before
        assert tables_with(marketplace, looked_for) == set()


class TestUnverified:
    def test_whoever_registers_with_an_address_neither_gets_nor_erases_what_others_wrote_of_it(
        self,
        client: httpx.Client,
        named: Callable[..., Account],
        marketplace: Marketplace,
        erase: Callable[[Account], None],
    ):
        name = f"sales{uuid4().hex}@company.com"
        stranger = named(name, is_verified=False)
        assert {line["kind"] for line in told(client, stranger)} == {"users"}
        looked_for = Person(uuid4(), uuid4(), None, uuid4(), (name,))
        before = tables_with(marketplace, looked_for) - {"public.users", "raw_app.users"}
        erase(stranger)
        assert {"public.invitations", "public.outbox", "public.webhook_inbox", "public.quarantine"} == before
        assert tables_with(marketplace, looked_for) == before
        by_id = replace(looked_for, user_id=UUID(stranger.user_id), emails=())
        assert tables_with(marketplace, by_id) == set()


class TestCatalogue:
    def test_every_column_of_the_warehouse_that_may_name_a_person_is_a_copy_of_what_is_exported(
        self, marketplace: Marketplace
    ):
        exported = {f"{table.schema}.{table.name}" for table in RAW_TABLES if table.source_table in KINDS}
        with connect(marketplace.warehouse_url) as warehouse:
            rows = warehouse.execute(
                "select table_schema || '.' || table_name as name, column_name from information_schema.columns"
                " where table_schema <> 'information_schema' and left(table_schema, 3) <> 'pg_'"
            ).fetchall()
        assert {row["name"] for row in rows if PERSONAL.search(row["column_name"])} <= exported
