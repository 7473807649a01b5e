"""Policies and grants of marts that exist become what the code says, without a moment in which rows are unprotected."""

import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.integration.warehouse.marts.hand_made import AS_OF, add_seller_day, create_marts, publish
from tests.integration.warehouse.tenancy.conftest import Connection, enter
from warehouse.databases import connect
from warehouse.tenancy import Access, Scope, mart_policy, mart_protection
from warehouse.tenancy.access import user_of
from warehouse.tenancy.mart_protection import MartsBusy, protect_marts, remember_roles

MART = "agg_sellers_performance_daily"
SEEN = f"select seller_organization_id as seller from marts.{MART} order by 1"
ACME = Scope("seller", "acme")


@pytest.fixture(autouse=True)
def owner(warehouse_url: str, access: Access) -> Iterator[Connection]:
    """The owner of the warehouse, after marts of two sellers were protected."""
    create_marts(warehouse_url)
    with connect(warehouse_url, autocommit=True) as connection:
        publish(connection, "p1")
        for seller in ("acme", "zeta"):
            add_seller_day(connection, seller, AS_OF.date())
        yield connection


def seen(access: Access, scope: Scope = ACME) -> list[str]:
    with connect(access.marts_url) as reader:
        enter(reader, access, scope)
        return [row["seller"] for row in reader.execute(SEEN).fetchall()]


def converge(warehouse_url: str) -> None:
    with connect(warehouse_url) as connection:
        protect_marts(connection)


def policies(owner: Connection) -> list[dict[str, object]]:
    return owner.execute(
        "select polrelid::regclass::text as mart, polname, xmin::text from pg_policy order by 1, 2"
    ).fetchall()


class TestProtectMarts:
    def test_a_changed_rule_reaches_a_mart_that_exists(
        self, warehouse_url: str, access: Access, monkeypatch: pytest.MonkeyPatch
    ):
        assert seen(access) == ["acme"]
        monkeypatch.setitem(mart_policy.MART_READERS, MART, "false")
        converge(warehouse_url)
        assert seen(access) == []

    def test_a_mart_that_is_no_longer_for_readers_is_closed(
        self, warehouse_url: str, access: Access, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.delitem(mart_policy.MART_READERS, MART)
        converge(warehouse_url)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            seen(access)

    def test_columns_that_are_listed_no_longer_are_closed(
        self, warehouse_url: str, access: Access, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setitem(mart_policy.FACT_COLUMNS, MART, frozenset({"currency"}))
        converge(warehouse_url)
        with connect(access.marts_url) as reader:
            enter(reader, access, ACME)
            assert reader.execute(f"select currency from marts.{MART}").fetchall() == [{"currency": "GBP"}]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(SEEN)

    @pytest.mark.parametrize(
        "change",
        [
            f"alter policy readers on marts.{MART} using (true)",
            f"alter policy readers on marts.{MART} to public",
            f"drop policy readers on marts.{MART}; create policy readers on marts.{MART} using (true)",
            f"create policy mine on marts.{MART} using (true)",
            f"alter table marts.{MART} disable row level security",
            f"drop policy readers on marts.{MART}",
            f"drop policy analysts on marts.{MART}",
        ],
    )
    def test_a_policy_that_was_changed_by_hand_is_set_right(
        self, owner: Connection, warehouse_url: str, access: Access, change: str
    ):
        owner.execute(change.encode())
        converge(warehouse_url)
        assert seen(access) == ["acme"]
        with connect(access.analyst_url) as analyst:
            assert len(analyst.execute(SEEN).fetchall()) == 2

    @pytest.mark.parametrize("privilege", ["insert", "update (currency)", "truncate"])
    def test_what_was_granted_by_hand_is_taken_back(
        self, owner: Connection, warehouse_url: str, access: Access, privilege: str
    ):
        role = user_of(access.marts_url)
        owner.execute(f'grant {privilege} on marts.{MART} to "{role}"'.encode())
        converge(warehouse_url)
        left = owner.execute(
            "select privilege_type from information_schema.column_privileges where grantee = %s and table_name = %s"
            " union all select privilege_type from information_schema.role_table_grants"
            " where grantee = %s and table_name = %s",
            [role, MART, role, MART],
        ).fetchall()
        assert {row["privilege_type"] for row in left} == {"SELECT"}

    def test_another_reader_takes_the_place_of_the_first(self, owner: Connection, warehouse_url: str, access: Access):
        owner.execute('create role "Second ""reader"')
        try:
            remember_roles(owner, reader='Second "reader', analyst=user_of(access.analyst_url))
            converge(warehouse_url)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                seen(access)
            before = policies(owner)
            converge(warehouse_url)
            assert policies(owner) == before
        finally:
            remember_roles(owner, reader=user_of(access.marts_url), analyst=user_of(access.analyst_url))
            converge(warehouse_url)
            owner.execute('drop owned by "Second ""reader"')
            owner.execute('drop role "Second ""reader"')
        assert seen(access) == ["acme"]

    def test_what_is_as_the_code_says_is_not_touched(self, owner: Connection, warehouse_url: str):
        before = policies(owner)
        with connect(warehouse_url) as connection:
            connection.execute("set local search_path = marts, tenancy, public")
            protect_marts(connection)
            row = connection.execute("show search_path").fetchone()
        assert policies(owner) == before
        assert row == {"search_path": "marts, tenancy, public"}


class TestLocks:
    def test_who_reads_is_let_through_and_named(
        self, warehouse_url: str, access: Access, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(mart_protection, "LOCK_ATTEMPTS", 2)
        monkeypatch.setattr(mart_protection, "LOCK_WAIT_MS", 20)
        monkeypatch.setitem(mart_policy.MART_READERS, MART, "false")
        with connect(access.analyst_url) as analyst:
            analyst.execute(SEEN)
            with pytest.raises(
                MartsBusy, match=f"{MART}, but {user_of(access.analyst_url)} .process {analyst.info.backend_pid}"
            ):
                converge(warehouse_url)
            # It gave up, and what holds is what held.
            assert seen(access) == ["acme"]
        converge(warehouse_url)
        assert seen(access) == []

    def test_nobody_sees_more_or_fails_while_policies_change(
        self, warehouse_url: str, access: Access, monkeypatch: pytest.MonkeyPatch
    ):
        found: set[tuple[str, ...]] = set()
        failures: list[BaseException] = []
        is_over = threading.Event()

        def read() -> None:
            try:
                with connect(access.marts_url, autocommit=True) as reader:
                    while not is_over.is_set():
                        with reader.transaction():
                            enter(reader, access, ACME)
                            found.add(tuple(row["seller"] for row in reader.execute(SEEN).fetchall()))
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        try:
            for number in range(20):
                condition = f"{number} >= 0 and seller_organization_id = (select (tenancy.scope())[2])"
                monkeypatch.setitem(mart_policy.MART_READERS, MART, condition)
                converge(warehouse_url)
        finally:
            is_over.set()
            thread.join()
        assert (failures, found) == ([], {("acme",)})
