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
from warehouse.tenancy import Access

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
