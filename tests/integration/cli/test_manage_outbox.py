"""`manage.py outbox`."""

import json

import pytest
from psycopg.types.json import Jsonb

from warehouse.databases import connect


@pytest.fixture
def given_up(database_url):
    """One task that waits and one that was given up."""
    row = "insert into outbox (kind, payload, attempt_count, last_error, given_up_at) values (%s, %s, %s, %s, %s)"
    with connect(database_url) as connection:
        connection.execute(row, ["mail.invitation", Jsonb({}), 20, "550 no such mailbox", "2026-01-01"])
        connection.execute(row, ["stripe.customer", Jsonb({}), 0, None, None])
    yield
    with connect(database_url) as connection:
        connection.execute("delete from outbox")


class TestStatus:
    def test_says_that_nothing_is_owed(self, manage):
        ended = manage("outbox", "status")
        assert (ended.status, ended.out) == (0, "Nothing is owed.\n")

    def test_names_what_was_given_up_and_why(self, manage, given_up):
        ended = manage("outbox", "status")
        assert ended.status == 1
        assert "mail.invitation                 0 waiting      1 given up\n  550 no such mailbox" in ended.out

    def test_reports_as_json(self, manage, given_up):
        found = json.loads(manage("outbox", "status", "--json").out)
        assert [(each["kind"], each["waiting"], each["given_up"]) for each in found] == [
            ("mail.invitation", 0, 1),
            ("stripe.customer", 1, 0),
        ]


class TestRetry:
    def test_makes_due_what_was_given_up(self, manage, given_up, database_url):
        assert manage("outbox", "retry", "--kind", "mail.invitation").out == "1 tasks are due now.\n"
        with connect(database_url) as connection:
            waiting = connection.execute("select 1 from outbox where given_up_at is null").fetchall()
        assert len(waiting) == 2
