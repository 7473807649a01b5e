"""Mails the mail server does not take."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tests.integration.api.conftest import Account
from tests.integration.api.postbox import Postbox, open_postbox
from tests.waiting import wait_until
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def postbox() -> Iterator[Postbox]:
    with open_postbox(seller="550 no such mailbox") as postbox:
        yield postbox


@pytest.fixture(scope="module")
def shop_settings(api_settings: Settings, stripe_simulator: Any, postbox: Postbox) -> Settings:
    """The module's service sends its mail to a server of this machine."""
    return api_settings.model_copy(
        update={"stripe_api_base": stripe_simulator.url, "mail_url": type(api_settings.jwt_secret)(postbox.url)}
    )


@pytest.fixture
def task_of(database: psycopg.Connection[DictRow]) -> Callable[[str], dict[str, Any] | None]:
    """The mail that is owed to a user."""

    def task_of(user_id: str) -> dict[str, Any] | None:
        return database.execute("select * from outbox where payload ->> 'user_id' = %s", [user_id]).fetchone()

    return task_of


class TestMail:
    def test_goes_out_when_the_server_is_back(self, postbox, register, task_of, client: httpx.Client, database):
        postbox.is_open = False
        account: Account = register("buyer")
        wait_until(lambda: bool(task_of(account.user_id)["last_error"]), "an attempt failed")
        assert "451" in task_of(account.user_id)["last_error"]
        postbox.is_open = True
        database.execute("update outbox set next_attempt_at = now()")
        wait_until(lambda: task_of(account.user_id) is None, "the mail went out")
        assert [envelope.rcpt_tos for envelope in postbox.taken] == [[account.email]]

    def test_of_an_alert_goes_out_as_it_was_written(self, postbox, register, database):
        alert = {"to": "ops@acme.example", "subject": "Alert: freshness", "text": "published 3 h ago"}
        added = database.execute(
            "insert into outbox (kind, payload) values ('mail.alert', %s) returning id", [Jsonb(alert)]
        ).fetchone()
        # Whoever registers has the service look at what is owed.
        register("buyer")
        wait_until(
            lambda: database.execute("select 1 from outbox where id = %s", [added["id"]]).fetchone() is None,
            "the mail went out",
        )
        [envelope] = [each for each in postbox.taken if each.rcpt_tos == ["ops@acme.example"]]
        assert b"Subject: Alert: freshness" in envelope.content
        assert b"published 3 h ago" in envelope.content

    def test_that_is_refused_for_good_is_given_up_and_kept_with_the_reason(self, register, task_of):
        account: Account = register("seller")
        wait_until(lambda: bool(task_of(account.user_id)["given_up_at"]), "the mail was given up")
        assert task_of(account.user_id)["last_error"] == "the mail server answered 550 no such mailbox"
        assert task_of(account.user_id)["attempt_count"] == 1

    def test_that_failed_often_is_given_up(self, postbox, register, task_of, database):
        postbox.is_open = False
        account: Account = register("buyer")
        wait_until(lambda: bool(task_of(account.user_id)["last_error"]), "an attempt failed")
        database.execute("update outbox set attempt_count = 19, next_attempt_at = now()")
        wait_until(lambda: bool(task_of(account.user_id)["given_up_at"]), "the mail was given up")
        postbox.is_open = True
