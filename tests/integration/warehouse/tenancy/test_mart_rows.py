"""Every mart by direct SQL, as everybody who may connect: nobody sees rows or columns that are not theirs to see."""

import re

import psycopg
import pytest
from psycopg import sql

from tests.integration.warehouse.tenancy.conftest import Connection, enter
from tests.integration.warehouse.tenancy.every_mart import (
    ACME,
    OTHER,
    ROWS,
    ZETA,
    columns_of,
    create_every_mart,
    fill_every_mart,
)
from warehouse.databases import connect
from warehouse.tenancy import NOBODY, PLATFORM, Access, Scope
from warehouse.tenancy.mart_policy import FACT_COLUMNS, MART_READERS, PUBLIC_MARTS
from warehouse.tenancy.mart_protection import protect_marts

SCOPES = {
    ACME: Scope("seller", ACME),
    ZETA: Scope("seller", ZETA),
    OTHER: Scope("buyer", OTHER),
    "nobody": NOBODY,
}
# What no reader may select, and so what every one of them is told of all other columns.
WITHHELD = {
    "fct_impressions": {
        "receipt_id", "organization_id", "user_id", "viewer_person_id", "clicked_person_id", "session_id",
    },
    "fct_orders": {"buyer_user_id"},
    "fct_reviews": {"organization_id"},
    "fct_searches": {"query", "user_id", "device_id", "person_id", "organization_id", "event_id"},
    "fct_sessions": {"session_id", "user_id", "organization_id"},
    "fct_prompt_runs": {"organization_id", "user_id", "event_id"},
}  # fmt: skip
PERSONAL = re.compile(r"user|person|session|device|anonymous|receipt|e?mail|address|query|agent")
MARTS = sorted(MART_READERS.keys() | PUBLIC_MARTS.keys())
SEEN_BY_SELLERS = sorted(mart for mart in MARTS if MART_READERS.get(mart) != "false")


@pytest.fixture(scope="module")
def marts(warehouse_url: str, access: Access) -> Access:
    with connect(warehouse_url) as connection:
        create_every_mart(connection)
        fill_every_mart(connection)
        protect_marts(connection)
    return access


def select(connection: Connection, mart: str, columns: list[str]) -> list[dict[str, object]]:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return connection.execute(sql.SQL("select {} from marts.{}").format(names, sql.Identifier(mart))).fetchall()


def readable(connection: Connection, mart: str, columns: list[str]) -> set[str]:
    found = set()
    for column in columns:
        try:
            with connection.transaction():
                select(connection, mart, [column])
        except psycopg.errors.InsufficientPrivilege:
            continue
        found.add(column)
    return found


class TestEveryMart:
    def test_has_a_rule_and_rows_to_hold_it_against(self, marts: Access, warehouse_url: str):
        with connect(warehouse_url) as connection:
            rows = connection.execute(
                "select relname as name from pg_class"
                " where relnamespace = 'marts'::regnamespace and relkind not in ('i', 'I', 'S', 't')"
            ).fetchall()
        assert {row["name"] for row in rows} == set(MARTS) == set(ROWS)

    @pytest.mark.parametrize("mart", MARTS)
    @pytest.mark.parametrize("who", SCOPES)
    def test_shows_the_rows_that_are_ones_own(self, marts: Access, warehouse_url: str, mart: str, who: str):
        known = sorted({name for row in ROWS[mart] for name in row.columns} - WITHHELD.get(mart, set()))
        with connect(warehouse_url) as owner, connect(marts.marts_url) as reader:
            enter(reader, marts, SCOPES[who])
            columns = [name for name in known if name in columns_of(owner, mart)]
            wanted = [{name: row.columns[name] for name in columns} for row in ROWS[mart] if who in row.readers]
            found = [{name: _text(value) for name, value in row.items()} for row in select(reader, mart, columns)]
        assert sorted(map(str, found)) == sorted(map(str, wanted))

    @pytest.mark.parametrize("mart", MARTS)
    @pytest.mark.parametrize("scope", [PLATFORM, Scope("admin", OTHER)])
    def test_shows_operators_all_rows(self, marts: Access, mart: str, scope: Scope):
        with connect(marts.marts_url) as reader:
            enter(reader, marts, scope)
            assert _count(reader, mart) == len(ROWS[mart])

    @pytest.mark.parametrize("mart", MARTS)
    def test_shows_analysts_all_rows_and_columns(self, marts: Access, mart: str):
        with connect(marts.analyst_url) as analyst:
            rows = analyst.execute(sql.SQL("select * from marts.{}").format(sql.Identifier(mart))).fetchall()
        assert len(rows) == len(ROWS[mart])

    @pytest.mark.parametrize("mart", MARTS)
    def test_shows_readers_the_columns_that_name_nobody(self, marts: Access, warehouse_url: str, mart: str):
        with connect(warehouse_url) as owner, connect(marts.marts_url) as reader:
            columns = list(columns_of(owner, mart))
            assert readable(reader, mart, columns) == set(columns) - WITHHELD.get(mart, set())

    @pytest.mark.parametrize("mart", SEEN_BY_SELLERS)
    def test_that_sellers_see_has_no_column_that_sounds_like_a_person(
        self, marts: Access, warehouse_url: str, mart: str
    ):
        with connect(warehouse_url) as owner, connect(marts.marts_url) as reader:
            personal = [
                name for name in columns_of(owner, mart) if PERSONAL.search(name) and not name.endswith("_count")
            ]
            assert readable(reader, mart, personal) == set()

    @pytest.mark.parametrize("mart", sorted(FACT_COLUMNS))
    def test_has_every_column_that_is_listed_of_it(self, marts: Access, warehouse_url: str, mart: str):
        with connect(warehouse_url) as owner:
            assert columns_of(owner, mart).keys() >= FACT_COLUMNS[mart]

    @pytest.mark.parametrize("mart", MARTS)
    @pytest.mark.parametrize("statement", ["delete from marts.{}", "truncate marts.{}", "lock table marts.{}"])
    @pytest.mark.parametrize("role", ["marts_url", "analyst_url"])
    def test_is_changed_by_no_reader(self, marts: Access, mart: str, statement: str, role: str):
        with connect(getattr(marts, role)) as connection:
            connection.execute("set transaction read write")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.SQL(statement).format(sql.Identifier(mart)))


class TestStatistics:
    def test_the_planners_samples_tell_readers_nothing(self, marts: Access, warehouse_url: str):
        with connect(warehouse_url, autocommit=True) as owner:
            owner.execute("analyze marts.fct_orders")
            assert owner.execute("select 1 from pg_stats where schemaname = 'marts'").fetchall()
        with connect(marts.marts_url) as reader:
            assert reader.execute("select 1 from pg_stats where schemaname = 'marts'").fetchall() == []


def _count(connection: Connection, mart: str) -> int:
    row = connection.execute(sql.SQL("select count(*) as n from marts.{}").format(sql.Identifier(mart))).fetchone()
    assert row is not None
    number: int = row["n"]
    return number


def _text(value: object) -> str:
    return f"{value:.0f}" if hasattr(value, "as_tuple") else str(value)
