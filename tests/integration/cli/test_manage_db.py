"""`manage.py db`."""

import asyncio

import pytest
import redis

from api.auth.password import PasswordHasher
from cli.sample import SAMPLE_PASSWORD, SAMPLE_USERS
from tests.integration.cli.conftest import warehouse_of
from warehouse.databases import connect, database_exists
from warehouse.journal.stream import STREAM
from warehouse.settings import get_settings

TABLES = ("organizations", "users", "prompts", "prompt_versions", "orders", "refunds", "raw_events", "quarantine")


def everything(url):
    with connect(url) as connection:
        return {
            table: connection.execute(f"select xmin::text, ctid::text, * from {table} order by ctid").fetchall()
            for table in TABLES
        }


def count(url, table):
    return len(everything(url)[table])


class TestInit:
    def test_makes_both_databases_and_the_second_time_keeps_them(self, manage, use_database, missing_database_url):
        use_database(missing_database_url)
        first = manage("db", "init")
        with connect(missing_database_url) as connection:
            connection.execute("insert into organizations (name) values ('Acme')")
        second = manage("db", "init")
        assert (first.status, second.status) == (0, 0)
        assert first.out.startswith("Created the databases")
        assert second.out.endswith("are up to date.\n")
        assert count(missing_database_url, "organizations") == 1
        assert database_exists(warehouse_of(missing_database_url))

    def test_before_it_other_commands_say_that_it_is_needed(self, manage, use_database, missing_database_url):
        use_database(missing_database_url)
        ended = manage("user", "list")
        assert ended.status == 1
        assert ended.err.endswith("does not exist yet. Make it with: python cli/manage.py db init\n")

    def test_of_an_old_schema_other_commands_say_that_it_is_needed(self, manage, database_url):
        with connect(database_url) as connection:
            newest = connection.execute("update alembic_version set version_num = 'ancient'")
        ended = manage("events", "stats")
        with connect(database_url) as connection:
            connection.execute("update alembic_version set version_num = %s", [_newest()])
        assert newest.rowcount == 1
        assert ended.status == 1
        assert "has the schema ancient, this version of the product needs" in ended.err


def _newest():
    from cli.database import _newest_revision

    return _newest_revision()


class TestReset:
    def test_without_a_terminal_it_needs_a_clear_word(self, manage_process, database_url):
        with connect(database_url) as connection:
            connection.execute("insert into organizations (name) values ('Acme')")
        ended = manage_process("db", "reset", typed="y\n")
        assert ended.status == 2
        assert "Say --yes if that is meant." in ended.err
        assert count(database_url, "organizations") >= 1

    def test_empties_databases_and_journal(self, manage, database_url, redis_url):
        with connect(database_url) as connection:
            connection.execute("insert into organizations (name) values ('Acme')")
        with redis.Redis.from_url(redis_url) as journal:
            journal.xadd(STREAM, {"events": b"[]"})
            journal.set("auth:ended:1", b"1")
            ended = manage("db", "reset", "--yes")
            kept = journal.keys("*")
        assert ended.status == 0
        assert count(database_url, "organizations") == 0
        assert kept == [b"auth:ended:1"]

    @pytest.mark.parametrize("command", [("db", "reset", "--yes"), ("db", "seed")])
    def test_production_refuses(self, manage, monkeypatch, command):
        secrets = ("JWT_SECRET", "PASSWORD_PEPPER", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET")
        for name, value in {"ENVIRONMENT": "production", **dict.fromkeys(secrets, "x" * 40)}.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        ended = manage(*command)
        assert ended.status == 2
        assert ended.err.startswith("Error: Production ")


class TestSeed:
    @pytest.fixture
    def seeded(self, manage, database_url):
        assert manage("db", "reset", "--yes").status == 0
        ended = manage("db", "seed", "--json")
        assert ended.status == 0, ended.err
        return ended.json

    def test_fills_the_marketplace(self, seeded, database_url):
        found = everything(database_url)
        assert len(found["prompts"]) == 48
        assert len(found["orders"]) > 300
        assert len(found["raw_events"]) > 8000
        assert "GBP" not in {order["currency"] for order in found["orders"]}
        assert found["quarantine"] == []

    def test_a_second_time_adds_nothing(self, seeded, manage, database_url):
        before = everything(database_url)
        second, again = manage("db", "seed"), manage("db", "seed", "--again")
        assert (second.status, again.status) == (0, 0)
        assert second.out.startswith("The sample data is there already.")
        assert everything(database_url) == before

    def test_completes_what_was_killed_with_the_same_end(self, seeded, manage, database_url):
        with connect(database_url) as connection:
            before = connection.execute("select attributes from organizations where attributes <> '{}'").fetchone()
            connection.execute("update organizations set attributes = attributes - 'sample_is_complete'")
            connection.execute("delete from users where email is not null")
            connection.execute("delete from raw_events where event_name = 'prompt.viewed'")
        ended = manage("db", "seed", "--json")
        with connect(database_url) as connection:
            after = connection.execute("select attributes from organizations where attributes <> '{}'").fetchone()
        assert ended.json["imported"]["events"]["inserted"] > 1000
        assert ended.json["imported"]["orders"]["inserted"] == 0
        assert after == before

    def test_the_sample_log_ins_have_the_sample_password(self, seeded, database_url, settings):
        hasher = PasswordHasher(settings.password_pepper.get_secret_value(), bcrypt_cost=4)
        users = {user["email"]: user for user in everything(database_url)["users"] if user["email"]}
        assert {(email, user["role"]) for email, user in users.items()} == set(SAMPLE_USERS)
        for user in users.values():
            assert asyncio.run(hasher.matches(SAMPLE_PASSWORD, user["password_hash"]))

    def test_the_sample_seller_has_prompts_and_sales(self, seeded, database_url):
        found = everything(database_url)
        seller = next(user for user in found["users"] if user["email"] == "seller@example.com")
        sold = [order for order in found["orders"] if order["seller_organization_id"] == seller["organization_id"]]
        assert len(sold) > 30
