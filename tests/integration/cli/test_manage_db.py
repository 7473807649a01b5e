"""`manage.py db`."""

import pytest
import redis

from tests.integration.cli.conftest import warehouse_of
from warehouse.databases import connect, database_exists
from warehouse.journal.stream import STREAM
from warehouse.production import OPTIONAL_SECRETS, secret_names
from warehouse.settings import NEEDED_IN_PRODUCTION, Settings, get_settings


def count(url, table):
    with connect(url) as connection:
        return connection.execute(f"select count(*) as n from {table}").fetchone()["n"]


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
        # A Dagster that runs meanwhile finds its tables.
        assert count(warehouse_of(database_url), "dagster.runs") == 0

    @pytest.mark.parametrize("command", [("db", "reset", "--yes"), ("db", "seed")])
    def test_production_refuses(self, manage, monkeypatch, command):
        needed = {*secret_names(Settings), *NEEDED_IN_PRODUCTION} - OPTIONAL_SECRETS - {"database_url", "redis_url"}
        good = dict.fromkeys(needed, "x" * 40) | {"mail_url": "smtps://mail.example", "password_bcrypt_cost": "12"}
        for name, value in {"environment": "production", **good}.items():
            monkeypatch.setenv(name.upper(), value)
        get_settings.cache_clear()
        ended = manage(*command)
        assert ended.status == 2
        assert ended.err.startswith("Error: Production ")
