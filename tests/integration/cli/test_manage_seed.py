"""`manage.py db seed`."""

import asyncio

import pytest

from api.auth.password import PasswordHasher
from cli.sample import SAMPLE_PASSWORD, SAMPLE_USERS, seed_sample_data
from warehouse.databases import connect

TABLES = ("organizations", "users", "prompts", "prompt_versions", "orders", "refunds", "raw_events", "quarantine")


@pytest.fixture(scope="module")
def seeding(database_url, settings):
    with connect(database_url, autocommit=True) as connection:
        return seed_sample_data(connection, settings, again=False, say=lambda line: None)


@pytest.fixture
def everything(seeding, database_url):
    """Every row as it lies on its page: even a write of the same values would show."""

    def read_everything():
        with connect(database_url) as connection:
            return {
                table: connection.execute(f"select xmin::text, ctid::text, * from {table} order by ctid").fetchall()
                for table in TABLES
            }

    return read_everything


class TestSeed:
    def test_fills_the_marketplace(self, seeding, everything):
        found = everything()
        assert seeding.is_new
        assert len(found["prompts"]) == 48
        assert len(found["orders"]) > 300
        assert len(found["raw_events"]) > 8000
        assert "GBP" not in {order["currency"] for order in found["orders"]}
        assert found["quarantine"] == []

    def test_the_sample_log_ins_have_the_sample_password(self, everything, settings):
        hasher = PasswordHasher(settings.password_pepper.get_secret_value(), bcrypt_cost=4)
        users = {user["email"]: user for user in everything()["users"] if user["email"]}
        assert {(email, user["role"]) for email, user in users.items()} == set(SAMPLE_USERS)
        assert len(SAMPLE_PASSWORD) >= 15
        for user in users.values():
            assert asyncio.run(hasher.matches(SAMPLE_PASSWORD, user["password_hash"]))

    def test_the_sample_seller_has_prompts_and_sales(self, everything):
        found = everything()
        seller = next(user for user in found["users"] if user["email"] == "seller@example.com")
        sold = [order for order in found["orders"] if order["seller_organization_id"] == seller["organization_id"]]
        assert len(sold) > 30

    def test_a_second_time_adds_nothing(self, everything, manage):
        before = everything()
        second = manage("db", "seed")
        again = manage("db", "seed", "--again", "--json")
        assert (second.status, again.status) == (0, 0)
        assert second.out.startswith("The sample data is there already.")
        assert again.json["imported"]["orders"]["unchanged"] == len(before["orders"])
        assert everything() == before

    def test_completes_what_was_killed_with_the_same_end(self, everything, manage, database_url):
        with connect(database_url) as connection:
            before = connection.execute("select attributes from organizations where attributes <> '{}'").fetchone()
            connection.execute(
                "update organizations set attributes = attributes - 'sample_is_complete' where attributes <> '{}'"
            )
            connection.execute("delete from users where email is not null")
            connection.execute("truncate raw_events, event_ids")
        ended = manage("db", "seed", "--json")
        with connect(database_url) as connection:
            after = connection.execute("select attributes from organizations where attributes <> '{}'").fetchone()
        assert ended.json["imported"]["events"]["inserted"] > 1000
        assert ended.json["imported"]["orders"]["inserted"] == 0
        assert after == before

    def test_its_end_does_not_move_with_the_days(self, everything, manage, database_url):
        earlier = "2026-10-01T00:00:00+00:00"
        with connect(database_url) as connection:
            connection.execute(
                "update organizations set attributes = jsonb_set(attributes, '{sample_end}', to_jsonb(%s::text))"
                " where attributes <> '{}' and attributes->>'sample_end' <> %s",
                [earlier, earlier],
            )
        ended = manage("db", "seed", "--again", "--json")
        with connect(database_url) as connection:
            latest = connection.execute(
                "select max(occurred_at)::date::text as day from raw_events"
                " where event_id like 'market-7-202610010000-%'"
            ).fetchone()["day"]
        assert ended.json["imported"]["events"]["inserted"] > 8000
        assert latest == "2026-09-30"
