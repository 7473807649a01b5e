"""Queries over sessions."""

import asyncio
from uuid import uuid4

import pytest

from api.auth.session import repository
from api.database import Database
from api.models import User
from warehouse.databases import connect
from warehouse.tenancy import PLATFORM


@pytest.fixture
def user_id(database_url):
    with connect(database_url, autocommit=True) as database:
        [organization] = database.execute("insert into organizations (name) values ('Acme') returning id").fetchall()
        [user] = database.execute(
            "insert into users (organization_id, email, role, password_hash)"
            " values (%s, %s, 'buyer', 'a') returning id",
            [organization["id"], f"{uuid4().hex}@acme.example"],
        ).fetchall()
    return user["id"]


@pytest.fixture
def is_unchanged_after(database_url, access, user_id):
    """Reads a user, lets something happen to it, and tells whether it is found unchanged."""

    def is_unchanged_after(change):
        async def run():
            database = Database(access.application_url, access.scope_key)
            async with database.writing(PLATFORM) as session:
                user = await session.get_one(User, user_id)
                with connect(database_url, autocommit=True) as other:
                    other.execute(f"update users set {change} where id = %s", [user_id])
                found = await repository.lock_unchanged(session, user)
            await database.close()
            return found

        return asyncio.run(run())

    return is_unchanged_after


class TestLockUnchanged:
    """A password takes a third of a second to check, and much can happen to an account in that time."""

    @pytest.mark.parametrize("change", ["email = email", "password_hash = 'of the same password, hashed anew'"])
    def test_an_account_that_stayed_as_it_was_is_found(self, is_unchanged_after, change):
        assert is_unchanged_after(change)

    @pytest.mark.parametrize(
        "change", ["is_active = false", "role = 'seller'", "password_generation = password_generation + 1"]
    )
    def test_one_that_was_closed_or_changed_is_not(self, is_unchanged_after, change):
        assert not is_unchanged_after(change)
