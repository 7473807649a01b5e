"""`manage.py user`."""

import asyncio

import pytest

from api.auth.password import PasswordHasher
from warehouse.databases import connect

PASSWORD = "correct horse battery"


def create(manage, email, *, role="buyer", company="Acme", password=PASSWORD, more=()):
    return manage(
        "user", "create", "--email", email, "--role", role, "--company", company, "--password", password, *more
    )


def find(database_url, email):
    with connect(database_url) as connection:
        return connection.execute(
            "select users.*, organizations.name as company from users"
            " inner join organizations on organizations.id = organization_id where email = %s",
            [email],
        ).fetchone()


class TestCreate:
    @pytest.mark.parametrize("role", ["buyer", "seller", "admin"])
    def test_makes_a_user_who_can_log_in(self, manage, database_url, settings, role):
        ended = create(manage, f"{role}@Acme.example", role=role)
        user = find(database_url, f"{role}@acme.example")
        hasher = PasswordHasher(settings.password_pepper.get_secret_value(), bcrypt_cost=4)
        assert ended.status == 0
        assert (user["role"], user["company"], user["is_active"]) == (role, "Acme", True)
        assert asyncio.run(hasher.matches(PASSWORD, user["password_hash"]))
        assert not asyncio.run(hasher.matches("another password", user["password_hash"]))

    def test_asks_for_what_is_missing(self, manage_process, database_url):
        ended = manage_process(
            "user", "create", "--role", "seller", typed=f"asked@acme.example\nAsked Ltd\n{PASSWORD}\n"
        )
        assert (ended.status, ended.err) == (0, "")
        assert find(database_url, "asked@acme.example")["company"] == "Asked Ltd"

    def test_reports_as_json(self, manage, database_url):
        ended = create(manage, "json@acme.example", more=["--json"])
        assert ended.json["id"] == str(find(database_url, "json@acme.example")["id"])
        assert PASSWORD not in ended.out

    def test_a_taken_address_is_a_problem_and_makes_nothing(self, manage, database_url):
        create(manage, "taken@acme.example")
        ended = create(manage, "Taken@acme.example", company="Second")
        assert (ended.status, ended.err) == (1, "Error: There is already an account for taken@acme.example\n")
        with connect(database_url) as connection:
            assert connection.execute("select 1 from organizations where name = 'Second'").fetchone() is None

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"email": "nobody"}, "email: An email address must have an @-sign"),
            (
                {"email": "bad1@acme.example", "password": "short"},
                "password: String should have at least 15 characters",
            ),
            ({"email": "bad2@acme.example", "company": "  "}, "company: must not be empty"),
            ({"email": "bad3@acme.example", "password": "passwordpassword"}, "password: is one that is tried first"),
            ({"email": "bad4@acme.example", "password": "BAD4@acme.example"}, "password: is one that is tried first"),
        ],
    )
    def test_what_breaks_the_rules_is_wrong_use(self, manage, database_url, given, words):
        ended = create(manage, **given)
        assert ended.status == 2
        assert words in ended.err
        assert find(database_url, given["email"]) is None


class TestList:
    def test_shows_who_can_log_in_and_counts_the_others(self, manage, database_url):
        create(manage, "listed@acme.example", role="admin", company="Listed Ltd")
        with connect(database_url) as connection:
            connection.execute(
                "insert into users (organization_id, role, external_id)"
                " select id, 'buyer', 'u1' from organizations where name = 'Listed Ltd'"
            )
        ended = manage("user", "list")
        assert "listed@acme.example                     admin   Listed Ltd" in ended.out
        assert "1 imported users without a log-in are not shown" in ended.out
        assert "(u1)" in manage("user", "list", "--all").out

    def test_json_holds_no_password(self, manage):
        create(manage, "hidden@acme.example")
        ended = manage("user", "list", "--json")
        assert "hidden@acme.example" in [user["email"] for user in ended.json]
        assert "password" not in ended.out


class TestCare:
    def test_a_closed_account_is_opened_again(self, manage, database_url):
        create(manage, "closed@acme.example")
        closed = manage("user", "deactivate", "Closed@acme.example", "--reason", "Left")
        assert (closed.status, find(database_url, "closed@acme.example")["is_active"]) == (0, False)
        manage("user", "reactivate", "closed@acme.example", "--reason", "Came back")
        assert find(database_url, "closed@acme.example")["is_active"] is True

    def test_it_is_noted_as_an_operator_would_have(self, manage, database_url):
        create(manage, "noted@acme.example")
        manage("user", "deactivate", "noted@acme.example", "--reason", "Left")
        with connect(database_url) as connection:
            rows = connection.execute(
                "select action from audit_log inner join users on object_id = subject_id::text where email = %s"
                " order by occurred_at",
                ["noted@acme.example"],
            ).fetchall()
        assert [row["action"] for row in rows] == ["user.created", "user.deactivated"]

    def test_who_is_erased_is_gone_and_on_the_work_list(self, manage, database_url):
        create(manage, "gone@acme.example")
        ended = manage("user", "erase", "gone@acme.example", "--reason", "Request 12", "--yes")
        assert (ended.status, find(database_url, "gone@acme.example")) == (0, None)
        with connect(database_url) as connection:
            [row] = connection.execute("select emails, requested_by from erasures").fetchall()
        assert row == {"emails": ["gone@acme.example"], "requested_by": "operator"}

    def test_nobody_is_erased_by_a_typing_error(self, manage):
        ended = manage("user", "erase", "nobody@acme.example", "--reason", "x", "--yes")
        assert (ended.status, ended.err) == (1, "Error: There is no user with the e-mail nobody@acme.example\n")
