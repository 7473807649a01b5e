"""Alerts while the warehouse, where they are kept, does not answer; and what becomes of them when it is back."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from cli.monitor import monitor
from orchestration.alerts.outage import NOTES, read_notes
from orchestration.alerts.watching import Watch, look, watch
from tests.integration.api.postbox import open_postbox
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import read
from tests.integration.orchestration.receiver import SECRET, Receiver, receiving
from warehouse.servers import servers_or_addresses
from warehouse.settings import Settings, get_settings

NOWHERE = "postgresql://nobody@127.0.0.1:9/nothing"
DELIVERIES = "select channel, occasion, subject, attempt_count, delivered_at is not null as is_told"
OF_WAREHOUSE = " from alerting.deliveries where rule = 'server' and subject = 'warehouse' order by created_at, channel"


@pytest.fixture
def webhook() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def telling(place: Place, webhook: Receiver) -> Settings:
    changes = {
        "alert_webhook_url": f"http://127.0.0.1:{webhook.server_port}/alerts",
        "alert_webhook_secret": SECRET,
        "alert_email_to": ("ops@acme.example",),
    }
    return Settings(**{**get_settings().model_dump(exclude_unset=True), **changes})


def ask(settings: Settings, **changes: object) -> Watch:
    settings = settings.model_copy(update=changes)
    with servers_or_addresses(settings) as servers:
        return watch(settings, servers)


def posted(webhook: Receiver) -> list[str]:
    """What the webhook was told of the warehouse."""
    bodies = [json.loads(body) for _, body in webhook.got]
    return [body["type"] for body in bodies if (body["rule"], body["subject"]) == ("server", "warehouse")]


class TestOutage:
    """Each test goes on from what the last one left."""

    def test_is_told_once_by_webhook_and_mail(self, place: Place, telling: Settings, webhook: Receiver) -> None:
        ask(telling)
        ask(telling, warehouse_url=NOWHERE)
        assert ask(telling, warehouse_url=NOWHERE).news == []
        assert posted(webhook) == ["alert.firing"]
        mails = read(
            place.database_url, "select payload ->> 'subject' as subject from outbox where kind = 'mail.alert'"
        )
        assert {"subject": "Alert: server, warehouse"} in mails

    def test_the_command_says_it_and_does_not_break(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WAREHOUSE_URL", NOWHERE)
        get_settings.cache_clear()
        said = CliRunner().invoke(monitor, ["alerts", "--notify"])
        monkeypatch.undo()
        get_settings.cache_clear()
        assert said.exit_code == 1
        assert "warehouse: the warehouse could not be read" in said.output

    def test_when_it_is_back_the_end_is_told_and_all_of_it_is_stored(
        self, place: Place, telling: Settings, webhook: Receiver
    ) -> None:
        assert warehouse_alerts(telling, warehouse_url=NOWHERE) == [True]
        ask(telling)
        assert posted(webhook) == ["alert.resolved"]
        stored = read(place.warehouse_url, DELIVERIES + OF_WAREHOUSE)
        assert [(row["channel"], row["occasion"], row["is_told"]) for row in stored] == [
            ("mail", "firing", True),
            ("webhook", "firing", True),
            ("mail", "resolved", True),
            ("webhook", "resolved", True),
        ]
        assert not read_notes(telling.data_path).is_ahead

    def test_what_was_refused_is_tried_later_and_still_owed_when_it_is_back(
        self, place: Place, telling: Settings, webhook: Receiver
    ) -> None:
        webhook.status = 503
        ask(telling, warehouse_url=NOWHERE)
        ask(telling, warehouse_url=NOWHERE)
        assert posted(webhook) == ["alert.firing"]
        assert (
            "Not delivered by webhook: server, warehouse: the webhook answered 503"
            in (place.data_dir / "logs" / "alerts.log").read_text()
        )
        ask(telling)
        owed = read(place.warehouse_url, DELIVERIES + ", delivery_id" + OF_WAREHOUSE)
        assert [(row["attempt_count"], row["is_told"]) for row in owed if row["channel"] == "webhook"][2:] == [
            (1, False),
            (1, False),
        ]

    def test_with_the_outbox_away_too_mail_goes_straight_to_the_server(
        self, place: Place, telling: Settings, webhook: Receiver
    ) -> None:
        with open_postbox() as postbox:
            away = {"warehouse_url": NOWHERE, "database_url": NOWHERE, "mail_url": SecretStr(postbox.url)}
            ask(telling, **away)
        mails = [bytes(envelope.content or b"").decode() for envelope in postbox.taken]
        assert any("Subject: Alert: server, database" in mail for mail in mails)
        assert {address for envelope in postbox.taken for address in envelope.rcpt_tos} == {"ops@acme.example"}


def warehouse_alerts(settings: Settings, **changes: object) -> list[bool]:
    """Whether the warehouse is said to be away by somebody who only looks."""
    settings = settings.model_copy(update=changes)
    with servers_or_addresses(settings) as servers:
        outcomes = look(settings, servers).outcomes
    return [each.is_alerting for each in outcomes if (each.rule, each.subject) == ("server", "warehouse")]


class TestNotes:
    def test_a_file_that_is_none_is_taken_for_nothing(self, place: Place, telling: Settings) -> None:
        (telling.data_path.resolve() / "alerts" / "outcomes.json").write_text("{")
        assert read_notes(telling.data_path) == NOTES.validate_python({})
