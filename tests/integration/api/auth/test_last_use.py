"""When sessions and keys were last used."""

import asyncio
import time
from uuid import uuid4

import pytest

from api.auth.identity import session_identity
from api.auth.last_use import LastUse
from api.database import Database
from warehouse.databases import connect


@pytest.fixture
def identity(database_url):
    """A user with a session that was last used long ago."""
    with connect(database_url, autocommit=True) as database:
        [organization] = database.execute("insert into organizations (name) values ('Acme') returning id").fetchall()
        [user] = database.execute(
            "insert into users (organization_id, email, role) values (%s, %s, 'buyer') returning id",
            [organization["id"], f"{uuid4().hex}@acme.example"],
        ).fetchall()
        [session] = database.execute(
            "insert into sessions (user_id, organization_id, expires_at, last_used_at)"
            " values (%s, %s, '2100-01-01', '2020-01-01') returning id",
            [user["id"], organization["id"]],
        ).fetchall()
    return session_identity(
        user_id=user["id"],
        organization_id=organization["id"],
        email="ana@acme.example",
        role="buyer",
        session_id=session["id"],
    )


@pytest.fixture
def last_used_year(database_url, access, identity):
    """Notes uses, writes, and tells the year of the session's last use after each."""

    def last_used_year(*uses):
        async def run():
            database = Database(access.application_url, access.scope_key)
            last_use = LastUse(database)
            years = []
            for use in uses:
                use(last_use)
                await last_use.write()
                with connect(database_url, autocommit=True) as connection:
                    row = connection.execute(
                        "select extract(year from last_used_at)::int as year from sessions where id = %s",
                        [identity.session_id],
                    ).fetchone()
                    years.append(row["year"])
                    connection.execute(
                        "update sessions set last_used_at = '2021-01-01' where id = %s", [identity.session_id]
                    )
            await database.close()
            return years

        return asyncio.run(run())

    return last_used_year


class TestLastUse:
    def test_a_use_is_written_and_the_next_ones_of_the_minute_are_not(self, last_used_year, identity):
        years = last_used_year(lambda each: each.note(identity), lambda each: each.note(identity))
        assert (years[0] > 2025, years[1]) == (True, 2021)

    def test_a_use_that_was_written_by_others_is_not_written_again(self, last_used_year, identity):
        assert last_used_year(lambda each: each.note(identity, written_at=time.time())) == [2020]

    def test_nothing_noted_is_nothing_written(self, last_used_year):
        assert last_used_year(lambda _: None) == [2020]
