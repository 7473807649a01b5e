"""Scopes of sessions: each transaction has its own, and connections that many share remember none."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.database import Database
from api.tenancy import PLATFORM, Scope, enter
from warehouse.databases import connect
from warehouse.tenancy import Access, ScopeSigner

# More than the pool has connections, so that each connection serves many.
COMPANIES = 50
SEEN = text("select id from organizations")
Run = Callable[[Callable[[Database], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture(scope="module")
def companies(database_url: str) -> list[UUID]:
    with connect(database_url, autocommit=True) as owner:
        made = owner.execute(
            "insert into organizations (name) select 'company ' || n from generate_series(1, %s) as n returning id",
            [COMPANIES],
        )
        return [row["id"] for row in made]


@pytest.fixture
def run(access: Access) -> Iterator[Run]:
    """Runs something with a database of its own."""

    async def with_database(what: Callable[[Database], Coroutine[Any, Any, Any]]) -> Any:
        database = Database(access.application_url, access.scope_key)
        try:
            return await what(database)
        finally:
            await database.close()

    with asyncio.Runner() as runner:
        yield lambda what: runner.run(with_database(what))


def scope_of(company: UUID) -> Scope:
    return Scope("seller", company, company)


async def seen(database: Database, scope: Scope | None = None) -> list[UUID]:
    opened = database.reading() if scope is None else database.reading(scope)
    async with opened as session:
        return list((await session.scalars(SEEN)).all())


class TestReading:
    def test_without_a_scope_there_are_no_rows(self, run: Run, companies: list[UUID]):
        assert run(seen) == []

    def test_many_at_once_each_see_their_own(self, run: Run, companies: list[UUID]):
        async def all_at_once(database: Database) -> list[list[UUID]]:
            return list(await asyncio.gather(*(seen(database, scope_of(each)) for each in companies * 4)))

        assert run(all_at_once) == [[each] for each in companies * 4]

    def test_nobody_gets_what_the_connection_saw_before(self, run: Run, companies: list[UUID]):
        async def mixed(database: Database) -> list[list[UUID]]:
            asking = [scope_of(companies[0]), PLATFORM, None] * 30
            found = await asyncio.gather(*(seen(database, each) for each in asking))
            return list(found)[2::3]

        assert run(mixed) == [[]] * 30

    def test_what_fails_leaves_nothing_behind(self, run: Run, companies: list[UUID]):
        async def failing(database: Database) -> list[UUID]:
            with pytest.raises(DBAPIError):
                async with database.reading(PLATFORM) as session:
                    await session.execute(text("select 1 / 0"))
            return await seen(database)

        assert run(failing) == []

    def test_it_stays_read_only(self, run: Run, companies: list[UUID]):
        async def writing(database: Database) -> None:
            async with database.reading(PLATFORM) as session:
                await session.execute(text("update organizations set name = 'x'"))

        with pytest.raises(DBAPIError, match="read-only"):
            run(writing)


class TestScope:
    def test_no_other_session_can_read_it(self, run: Run, access: Access):
        async def begin(database: Database) -> list[str]:
            async with database.reading(PLATFORM) as session:
                connection = await session.connection()
                driver: Any = (await connection.get_raw_connection()).driver_connection
                driver.signed_scope = ScopeSigner(access.scope_key).sign(PLATFORM)
                # Nothing but the begin, which is what others see until the first statement.
                await driver.wait(driver._start_query())
                with connect(access.application_url) as spy:
                    rows = spy.execute("select query from pg_stat_activity where usename = current_user").fetchall()
            return [row["query"] for row in rows]

        queries = run(begin)
        assert len(queries) >= 2
        assert not [query for query in queries if "platform:" in query]

    @pytest.mark.parametrize("scope", [None, "own"])
    def test_what_was_left_on_the_connection_does_not_count(
        self, run: Run, access: Access, companies: list[UUID], scope: str | None
    ):
        left = text(
            "select set_config('app.scope', :scope, false), set_config('search_path', 'pg_temp, public', false)"
        )
        expected = [] if scope is None else companies[:1]

        async def leave(database: Database) -> tuple[list[UUID], str]:
            async with database.writing() as session:
                await session.execute(left, {"scope": ScopeSigner(access.scope_key).sign(PLATFORM)})
            found = await seen(database, None if scope is None else scope_of(companies[0]))
            async with database.reading() as session:
                return found, (await session.scalars(text("show search_path"))).one()

        assert run(leave) == (expected, "public, pg_temp")

    def test_a_connection_that_died_is_replaced(self, run: Run, access: Access, companies: list[UUID]):
        async def killed(database: Database) -> list[UUID]:
            with pytest.raises(DBAPIError):
                async with database.reading(scope_of(companies[0])) as session:
                    await session.execute(text("select pg_terminate_backend(pg_backend_pid())"))
            return await seen(database, scope_of(companies[0]))

        assert run(killed) == companies[:1]

    def test_of_a_request_that_was_given_up_nothing_is_left(self, run: Run, companies: list[UUID]):
        async def give_up(database: Database) -> list[UUID]:
            for steps in range(12):
                asking = asyncio.ensure_future(seen(database, PLATFORM))
                for _ in range(steps):
                    await asyncio.sleep(0)
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
            return await seen(database)

        assert run(give_up) == []


class TestEnter:
    def test_the_rest_of_the_transaction_has_another_scope(self, run: Run, companies: list[UUID]):
        async def widening(database: Database) -> list[int]:
            counts = []
            async with database.writing(scope_of(companies[0])) as session:
                counts.append(len((await session.scalars(SEEN)).all()))
                await enter(session, PLATFORM)
                counts.append(len((await session.scalars(SEEN)).all()))
            return [*counts, len(await seen(database))]

        assert run(widening) == [1, COMPANIES, 0]

    def test_after_a_commit_the_session_is_in_its_own_scope_again(self, run: Run, companies: list[UUID]):
        async def committing(database: Database) -> list[UUID]:
            async with database.reading(scope_of(companies[0])) as session:
                await enter(session, PLATFORM)
                await session.commit()
                return list((await session.scalars(SEEN)).all())

        assert run(committing) == companies[:1]
