"""Revocation: at once, in every process, whatever Redis forgets."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TypeVar
from uuid import UUID, uuid4

import psycopg
import pytest
import redis
from psycopg.rows import DictRow
from redis.asyncio import Redis

from api.auth.revocation import COMPLETE, Revocations, revocation_key
from api.database import Database
from api.errors import ServiceUnavailable
from api.redis_batch import RedisBatch
from warehouse.databases import connect

T = TypeVar("T")
NOWHERE = "redis://127.0.0.1:1/0"
Ask = Callable[[Revocations], Awaitable[T]]


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    with connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def cache(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def session_id(database) -> UUID:
    """A session that is live."""
    organization = database.execute("insert into organizations (name) values ('Acme') returning id").fetchone()
    user = database.execute(
        "insert into users (organization_id, email, role) values (%s, %s, 'buyer') returning id",
        [organization["id"], f"{uuid4().hex}@acme.example"],
    ).fetchone()
    session = database.execute(
        "insert into sessions (user_id, organization_id, expires_at) values (%s, %s, now() + interval '7 days')"
        " returning id",
        [user["id"], organization["id"]],
    ).fetchone()
    return session["id"]


@pytest.fixture
def ask(access, redis_url):
    """Asks a new process's revocations: `ask(lambda each: each.is_revoked(id))`."""

    def ask(*questions, url=redis_url):
        async def run():
            async with process(access, url) as revocations:
                return [await question(revocations) for question in questions][-1]

        return asyncio.run(run())

    return ask


@asynccontextmanager
async def process(access, redis_url):
    """What one process knows revocations by."""
    client: Redis = Redis.from_url(redis_url)
    database = Database(access.application_url, access.scope_key)
    try:
        yield Revocations(client, RedisBatch(client), database, remembered_seconds=60)
    finally:
        await database.close()
        await client.aclose()


def end(database, session_id):
    database.execute("update sessions set ended_at = now(), end_reason = 'logged_out' where id = %s", [session_id])


class TestIsRevoked:
    def test_a_live_session_is_not(self, ask, session_id):
        assert not ask(lambda each: each.is_revoked(session_id))

    def test_another_process_knows_at_once(self, ask, session_id):
        ask(lambda each: each.is_revoked(session_id))
        ask(lambda each: each.announce([session_id]))
        assert ask(lambda each: each.is_revoked(session_id))

    def test_the_database_is_asked_when_redis_forgot_everything(self, ask, session_id, database, cache):
        end(database, session_id)
        cache.flushdb()
        assert ask(lambda each: each.is_revoked(session_id))

    def test_the_marks_are_made_again_for_all_that_ended_of_late(self, ask, session_id, database, cache):
        end(database, session_id)
        cache.flushdb()
        ask(lambda each: each.is_revoked(uuid4()))
        assert cache.exists(COMPLETE, revocation_key(session_id)) == 2

    def test_no_mark_is_made_for_what_no_token_can_outlive(self, ask, session_id, database, cache):
        end(database, session_id)
        database.execute("update sessions set ended_at = now() - interval '2 minutes' where id = %s", [session_id])
        ask(lambda each: each.is_revoked(uuid4()))
        assert not cache.exists(revocation_key(session_id))

    def test_complete_marks_are_believed_without_the_database(self, ask, session_id, database, cache):
        cache.set(COMPLETE, b"1")
        end(database, session_id)
        assert not ask(lambda each: each.is_revoked(session_id))

    @pytest.mark.parametrize("is_ended", [True, False])
    def test_without_redis_the_database_is_asked(self, ask, session_id, database, is_ended):
        if_ended = {True: end, False: lambda *_: None}[is_ended]
        if_ended(database, session_id)
        assert ask(lambda each: each.is_revoked(session_id), url=NOWHERE) == is_ended

    def test_without_redis_a_closed_account_has_no_sessions(self, ask, session_id, database):
        database.execute("update users set is_active = false")
        assert ask(lambda each: each.is_revoked(session_id), url=NOWHERE)


class TestAnnounce:
    def test_without_redis_nothing_is_promised(self, ask, session_id):
        with pytest.raises(ServiceUnavailable):
            ask(lambda each: each.announce([session_id]), url=NOWHERE)

    def test_a_mark_lives_as_long_as_a_token(self, ask, session_id, cache):
        ask(lambda each: each.announce([session_id]))
        assert 0 < cache.ttl(revocation_key(session_id)) <= 60
