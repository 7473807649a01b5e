"""The roles that read the warehouse, by direct SQL."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.integration.warehouse.marts.hand_made import (
    AS_OF,
    add_prompt,
    add_prompt_day,
    add_seller_day,
    create_marts,
    publish,
)
from tests.integration.warehouse.tenancy.conftest import Connection
from warehouse.databases import connect
from warehouse.tenancy import Access
from warehouse.tenancy.access import user_of


@pytest.fixture(scope="module")
def marts(warehouse_url: str, access: Access) -> Access:
    create_marts(warehouse_url)
    with connect(warehouse_url) as connection:
        publish(connection, "p1")
        for seller, prompt in (("acme", "a"), ("zeta", "z")):
            add_prompt(connection, prompt, seller=seller, title=prompt)
            add_prompt(connection, f"{prompt}-draft", seller=seller, title="Hidden")
            add_prompt_day(connection, prompt, AS_OF.date())
            add_seller_day(connection, seller, AS_OF.date())
        connection.execute("update marts.dim_prompts set status = 'draft' where prompt_id like '%%-draft'")
    return access


@pytest.fixture
def reader(marts: Access) -> Iterator[Connection]:
    with connect(marts.marts_url) as connection:
        yield connection


@pytest.fixture
def analyst(marts: Access) -> Iterator[Connection]:
    with connect(marts.analyst_url) as connection:
        yield connection


class TestReader:
    def test_everybody_sees_what_is_public(self, reader: Connection):
        assert reader.execute("select * from publications").fetchall()
        assert len(reader.execute("select * from dim_prompts").fetchall()) == 2

    @pytest.mark.parametrize(
        "statement",
        [
            "delete from publications",
            "select * from raw_app.users",
            "select * from control.database_roles",
            "select * from tenancy.keys",
            "create table marts.mine (id int)",
            "create temporary table mine (id int)",
            "select lo_create(0)",
        ],
    )
    def test_it_is_refused_everything_else(self, reader: Connection, statement: str):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(statement)


class TestAnalyst:
    def test_all_marts_are_seen(self, analyst: Connection):
        assert len(analyst.execute("select * from dim_prompts").fetchall()) == 4

    @pytest.mark.parametrize(
        "statement",
        [
            "select * from raw_app.users",
            "select * from raw_events.events",
            "select * from control.database_roles",
            "select tenancy.scope()",
            "select * from tenancy.keys",
            "delete from marts.publications",
            "create table marts.mine (id int)",
            "create function public.mine() returns int language sql as 'select 1'",
            "create temporary table mine (id int)",
            "select lo_creat(-1)",
            "select lo_from_bytea(0, 'kept where nobody looks')",
            "set role postgres",
        ],
    )
    def test_it_is_refused_everything_else(self, analyst: Connection, statement: str):
        analyst.execute("set transaction read write")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            analyst.execute(statement)

    def test_the_application_database_is_closed(self, marts: Access, database_url: str):
        name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(marts.analyst_url, dbname=name)

    def test_the_roles_have_no_power(self, marts: Access, warehouse_url: str):
        with connect(warehouse_url) as connection:
            rows = connection.execute(
                "select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb as has_power"
                " from pg_roles where rolname = any(%s)",
                [[user_of(marts.marts_url), user_of(marts.analyst_url)]],
            ).fetchall()
        assert rows == [{"has_power": False}] * 2
