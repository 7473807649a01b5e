"""Roles that row-level security does not bind are refused before anybody is let in by them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.integration.warehouse.tenancy.conftest import Connection
from warehouse.databases import connect
from warehouse.servers import Servers
from warehouse.settings import PROJECT_ROOT, Settings
from warehouse.tenancy import Access, RoleRefused, RoleTooPowerful, prepare_access
from warehouse.tenancy.access import user_of

SETTINGS = {
    "APPLICATION_DATABASE_URL": "application_url",
    "MARTS_DATABASE_URL": "marts_url",
    "ANALYST_DATABASE_URL": "analyst_url",
}
PASSWORD = "none-guesses-it"  # nosec B105  # pragma: allowlist secret

MakeRole = Callable[..., str]
Prepare = Callable[..., None]


@pytest.fixture
def make_role(owner: Connection, warehouse_url: str) -> Iterator[MakeRole]:
    """Makes roles that go again, with all they own and were granted."""
    made: list[str] = []

    def make_role(attributes: str = "", *, member_of: str | None = None, terms: str = "") -> str:
        name = f"made_{uuid4().hex[:12]}"
        owner.execute(f"create role {name} login password '{PASSWORD}' {attributes}".encode())
        made.append(name)
        if member_of is not None:
            # A membership has terms since Postgres 16; before, every one is as good as `set role`.
            terms = terms if owner.info.server_version >= 160000 else ""
            owner.execute(sql.SQL("grant {} to {} {}").format(*map(sql.Identifier, (member_of, name)), sql.SQL(terms)))
        return name

    yield make_role
    with connect(warehouse_url, autocommit=True) as warehouse:
        for name in reversed(made):
            for database in (warehouse, owner):
                database.execute(f"drop owned by {name}".encode())
            owner.execute(f"drop role {name}".encode())


@pytest.fixture
def prepare(access: Access, database_url: str, warehouse_url: str) -> Iterator[Prepare]:
    """Starts with a role named by each of some settings; afterwards the product's own roles are back."""

    def prepare(role: str, *settings: str) -> None:
        given = {SETTINGS[setting]: _as_role(getattr(access, SETTINGS[setting]), role) for setting in settings}
        wanted = replace(access, **given, given=frozenset(given.values()))
        prepare_access(wanted, database_url=database_url, warehouse_url=warehouse_url)

    yield prepare
    prepare_access(access, database_url=database_url, warehouse_url=warehouse_url)


def _as_role(url: str, role: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{PASSWORD}@{host}"))


@pytest.fixture
def tables(database_url: str, warehouse_url: str) -> dict[str, tuple[str, str]]:
    """A table that policies protect, in the database each setting leads to."""
    with connect(warehouse_url, autocommit=True) as connection:
        connection.execute("create table if not exists marts.owned_mart (id int)")
    return {
        setting: (database_url, "public.orders")
        if setting == "APPLICATION_DATABASE_URL"
        else (warehouse_url, "marts.owned_mart")
        for setting in SETTINGS
    }


@pytest.mark.parametrize("setting", SETTINGS)
class TestPower:
    @pytest.mark.parametrize(
        ("attribute", "reason", "terms"),
        [
            ("superuser", "is a superuser", None),
            ("bypassrls", "has BYPASSRLS", None),
            ("createrole", "has CREATEROLE", None),
            ("replication", "has REPLICATION", None),
            ("superuser", "is a superuser", ""),
            ("bypassrls", "has BYPASSRLS", "with inherit false"),
            ("createrole", "has CREATEROLE", "with set false, admin true"),
        ],
    )
    def test_is_refused_however_it_is_come_by(
        self, make_role: MakeRole, prepare: Prepare, setting: str, attribute: str, reason: str, terms: str | None
    ):
        role = powerful = make_role(attribute)
        if terms is not None:
            role = make_role(member_of=make_role(member_of=powerful, terms=terms), terms=terms)
        with pytest.raises(RoleTooPowerful, match=reason) as refused:
            prepare(role, setting)
        assert str(refused.value).startswith(f"{setting} names the role {role}, which ")
        assert powerful in str(refused.value)
        assert "create role" in str(refused.value)

    @pytest.mark.parametrize("is_member", [False, True])
    def test_of_an_owner_is_refused(
        self, make_role: MakeRole, prepare: Prepare, tables: dict[str, tuple[str, str]], setting: str, is_member: bool
    ):
        url, table = tables[setting]
        role = owning = make_role()
        if is_member:
            role = make_role(member_of=owning)
        with connect(url, autocommit=True) as connection:
            before = connection.execute(
                "select relowner::regrole::text as name from pg_class where oid = %s::regclass", [table]
            )
            [row] = before.fetchall()
            connection.execute(f"alter table {table} owner to {owning}".encode())
            try:
                with pytest.raises(RoleTooPowerful, match=f"owns {table.removeprefix('public.')}|owns {table}"):
                    prepare(role, setting)
            finally:
                connection.execute(f"alter table {table} owner to {row['name']}".encode())

    @pytest.mark.parametrize("name", ["pg_read_all_data", "pg_write_all_data", "pg_execute_server_program"])
    def test_beside_policies_is_refused(self, make_role: MakeRole, prepare: Prepare, setting: str, name: str):
        with pytest.raises(RoleTooPowerful, match=f"can become {name}"):
            prepare(make_role(member_of=name), setting)

    def test_over_the_key_of_scopes_is_refused(
        self, make_role: MakeRole, prepare: Prepare, tables: dict[str, tuple[str, str]], setting: str
    ):
        role = make_role()
        with connect(tables[setting][0]) as connection:
            connection.execute(f"grant select (inner_pad) on tenancy.keys to {role}".encode())
        with pytest.raises(RoleTooPowerful, match=r"tenancy\.keys"):
            prepare(role, setting)

    def test_of_the_databases_owner_is_refused(self, prepare: Prepare, database_url: str, setting: str):
        with pytest.raises(RoleTooPowerful):
            prepare(user_of(database_url), setting)

    def test_a_role_that_has_none_is_let_in(self, make_role: MakeRole, prepare: Prepare, setting: str):
        prepare(make_role(), setting)

    def test_a_refused_role_was_granted_nothing(
        self, make_role: MakeRole, prepare: Prepare, tables: dict[str, tuple[str, str]], setting: str
    ):
        url, _ = tables[setting]
        role = make_role("createrole")
        with pytest.raises(RoleTooPowerful):
            prepare(role, setting)
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(_as_role(url, role))

    def test_a_role_the_server_does_not_have_is_named(self, prepare: Prepare, setting: str):
        with pytest.raises(
            RoleRefused, match=f"{setting} names the role nobody_made_it, which the server does not have"
        ):
            prepare("nobody_made_it", setting)

    def test_a_url_without_a_role_is_refused(self, prepare: Prepare, setting: str):
        with pytest.raises(RoleRefused, match=f"{setting} names no role"):
            prepare("", setting)

    def test_that_the_products_own_role_has_come_by_is_refused(
        self, owner: Connection, access: Access, prepare: Prepare, setting: str
    ):
        role = user_of(getattr(access, SETTINGS[setting]))
        owner.execute(f"alter role {role} bypassrls".encode())
        try:
            with pytest.raises(RoleTooPowerful, match=f"{setting} is not set, .* has BYPASSRLS"):
                prepare("")
        finally:
            owner.execute(f"alter role {role} nobypassrls".encode())


class TestSiblings:
    @pytest.mark.parametrize(
        "named",
        [
            ("MARTS_DATABASE_URL", "ANALYST_DATABASE_URL"),
            ("APPLICATION_DATABASE_URL", "ANALYST_DATABASE_URL"),
            ("APPLICATION_DATABASE_URL", "MARTS_DATABASE_URL"),
        ],
    )
    def test_one_role_for_two_is_refused(self, make_role: MakeRole, prepare: Prepare, named: tuple[str, str]):
        with pytest.raises(RoleTooPowerful, match="is there for others"):
            prepare(make_role(), *named)

    def test_a_reader_that_can_become_the_analyst_is_refused(
        self, make_role: MakeRole, prepare: Prepare, access: Access
    ):
        with pytest.raises(RoleTooPowerful, match="is there for others"):
            prepare(make_role(member_of=user_of(access.analyst_url)), "MARTS_DATABASE_URL")

    def test_of_another_server_are_other_roles(self, access: Access):
        elsewhere = replace(access, application_url="postgresql://same@other:5432/a", marts_url=access.marts_url)
        assert elsewhere.siblings(elsewhere.application_url) == frozenset()

    def test_of_a_replica_are_the_same_roles(self, access: Access):
        replica = replace(access, marts_url="postgresql://same@replica/w", analyst_url="postgresql://same@primary/w")
        assert replica.siblings(replica.marts_url) == {"same"}


class TestStart:
    @pytest.mark.parametrize(
        "program",
        [("-m", "uvicorn", "api.main:app", "--port", "0"), ("cli/manage.py", "db", "init"), ("-m", "dashboards")],
    )
    def test_every_program_says_in_one_line_why_it_does_not_start(
        self, settings: Settings, servers: Servers, database_url: str, warehouse_url: str, program: tuple[str, ...]
    ):
        end = subprocess.run(
            [sys.executable, *program],
            cwd=PROJECT_ROOT,
            env={
                **os.environ,
                "DATA_DIR": str(settings.data_path),
                "DATABASE_URL": database_url,
                "WAREHOUSE_URL": warehouse_url,
                "MARTS_DATABASE_URL": warehouse_url,
                "REDIS_URL": servers.redis_url,
            },
            capture_output=True,
            text=True,
            timeout=120,
        )
        role = user_of(warehouse_url)
        lines = [line for line in end.stderr.splitlines() if f"MARTS_DATABASE_URL names the role {role}" in line]
        assert len(lines) == 1, end.stderr
        assert end.returncode > 0
        assert "Traceback" not in end.stderr + end.stdout
