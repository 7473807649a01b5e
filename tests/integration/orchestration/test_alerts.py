"""Alerts over real runs: what a failing check does to readers, and where ops see why."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result
from dagster import AssetCheckKey, AssetKey, DagsterInstance

from cli.monitor import monitor
from orchestration.alerts.delivery import deliver_due
from orchestration.alerts.watching import watch
from orchestration.home import prepare_dagster_home
from orchestration.outcome import RunOutcome
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import add_stripe_order, confirm_stripe_order, read, read_value
from tests.integration.orchestration.receiver import SECRET, Receiver, receiving
from tests.integration.orchestration.running import execute, published, run
from warehouse.marts import read_marts
from warehouse.servers import running_servers
from warehouse.settings import Settings, get_settings

CHECK = "fct_orders_reconciles_with_raw_webhook_messages"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(monitor, list(arguments))


def watch_now(settings: Settings | None = None) -> Any:
    settings = settings or get_settings()
    with running_servers(settings) as servers:
        return watch(settings, servers)


def alert_log(place: Place) -> str:
    return (place.data_dir / "logs" / "alerts.log").read_text()


@pytest.fixture
def webhook() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def telling(webhook: Receiver) -> Settings:
    """Settings that send alerts to the webhook and to two people."""
    changes = {
        "alert_webhook_url": f"http://127.0.0.1:{webhook.server_port}/alerts",
        "alert_webhook_secret": SECRET,
        "alert_email_to": ("ops@acme.example", "night@acme.example"),
    }
    return Settings(**{**get_settings().model_dump(exclude_unset=True), **changes})


@pytest.fixture(scope="module")
def blocked(place: Place, first_run: RunOutcome) -> SimpleNamespace:
    """After a run that a check stopped: Stripe confirmed another amount than the order has."""
    assert first_run.is_successful
    before = published(place.warehouse_url)
    add_stripe_order(place.database_url, amount_cents=1000, confirmed_cents=900)
    return SimpleNamespace(before=before, publication_id=first_run.publication_id, outcome=run(), place=place)


class TestBlockedRun:
    def test_leaves_the_previous_publication_everywhere(self, blocked: SimpleNamespace) -> None:
        place: Place = blocked.place
        assert not blocked.outcome.is_successful
        assert published(place.warehouse_url) == blocked.before
        with read_marts(place.warehouse_url) as marts:
            assert marts.publication is not None
            assert marts.publication.publication_id == blocked.publication_id
        assert (place.data_dir / "snapshots" / "latest").resolve().name == blocked.publication_id
        with duckdb.connect(str(place.data_dir / "snapshots" / "latest.duckdb"), read_only=True) as database:
            [row] = database.execute("select count(*) from marts.fct_orders").fetchall()
        assert row == (60,)

    def test_ops_see_why_in_dagster(self, blocked: SimpleNamespace) -> None:
        key = AssetCheckKey(AssetKey(["marts_build", "fct_orders"]), CHECK)
        with DagsterInstance.from_config(str(prepare_dagster_home(blocked.place.data_dir))) as instance:
            found = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
            assert found.event is not None and found.event.dagster_event is not None
            evaluation = found.event.dagster_event.asset_check_evaluation_data
        assert not evaluation.passed
        assert "900" in str(evaluation.metadata["differences"])

    def test_ops_see_why_in_alerts(self, blocked: SimpleNamespace) -> None:
        result = call("alerts")
        assert result.exit_code == 1
        assert f"marts_build.fct_orders: {CHECK}: failed; it keeps what it found from being published" in result.output
        assert "expected_amount_cents" in result.output
        assert "run        build_marts_job: run" in result.output

    def test_ops_see_why_in_the_log(self, blocked: SimpleNamespace) -> None:
        watch_now()
        assert f"ERROR Alert: check, marts_build.fct_orders: {CHECK}: failed" in alert_log(blocked.place)

    def test_as_json_says_the_same(self, blocked: SimpleNamespace) -> None:
        found = json.loads(call("alerts", "--json").output)
        states = {(each["rule"], each["subject"]): each["state"] for each in found["alerts"]}
        assert states[("check", f"marts_build.fct_orders: {CHECK}")] == "alerting"
        assert states[("freshness", "marts.publications")] == "good"
        assert found["alerting"] == sum(state == "alerting" for state in states.values())


class TestTelling:
    def test_is_told_once_signed_and_mailed_to_everybody(
        self, blocked: SimpleNamespace, telling: Settings, webhook: Receiver
    ) -> None:
        execute(blocked.place.warehouse_url, "drop schema if exists alerting cascade")
        news = watch_now(telling).news
        assert watch_now(telling).news == []
        assert {f"check {each.outcome.subject}" for each in news} >= {f"check marts_build.fct_orders: {CHECK}"}
        assert len(webhook.got) == len(news)
        headers, body = webhook.got[0]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        mails = read(blocked.place.database_url, "select payload from outbox where kind = 'mail.alert'")
        assert len(mails) == 2 * len(news)
        assert {mail["payload"]["to"] for mail in mails} == {"ops@acme.example", "night@acme.example"}

    def test_what_the_webhook_refused_is_sent_again_under_the_same_id(
        self, blocked: SimpleNamespace, telling: Settings, webhook: Receiver
    ) -> None:
        warehouse_url = blocked.place.warehouse_url
        execute(warehouse_url, "drop schema if exists alerting cascade")
        webhook.status = 503
        watch_now(telling)
        refused = [headers["webhook-id"] for headers, _ in webhook.got]
        errors = read(warehouse_url, "select distinct last_error from alerting.deliveries where channel = 'webhook'")
        assert errors == [{"last_error": "the webhook answered 503"}]
        webhook.status = 200
        urls = {"database_url": blocked.place.database_url, "warehouse_url": warehouse_url}
        assert deliver_due(telling, **urls) == (0, 0)
        execute(warehouse_url, "update alerting.deliveries set next_attempt_at = now() - interval '1 second'")
        assert deliver_due(telling, **urls) == (len(refused), 0)
        assert sorted(headers["webhook-id"] for headers, _ in webhook.got[len(refused) :]) == sorted(refused)


class TestStaleData:
    def test_keeps_the_last_outcome_and_says_so(self, blocked: SimpleNamespace) -> None:
        watch_now()
        warehouse_url = blocked.place.warehouse_url
        [saved] = read(warehouse_url, "select max(loaded_at) as loaded_at from control.load_watermarks")
        execute(warehouse_url, "update control.load_watermarks set loaded_at = loaded_at - interval '1 day'")
        found = {(each.rule, each.subject): each for each in watch_now().outcomes}
        shown = call("alerts").output
        execute(warehouse_url, "update control.load_watermarks set loaded_at = loaded_at + interval '1 day'")
        assert read_value(warehouse_url, "select max(loaded_at) from control.load_watermarks") == saved["loaded_at"]
        kept = found[("check", f"marts_build.fct_orders: {CHECK}")]
        assert kept.is_alerting
        assert kept.skipped_because is not None and "the data is stale" in kept.skipped_because
        assert "[not judged now: the data is stale: nothing was loaded since" in shown


class TestResolved:
    def test_when_a_run_goes_through_again(self, blocked: SimpleNamespace) -> None:
        watch_now()
        confirm_stripe_order(blocked.place.database_url, confirmed_cents=1000)
        execute(
            blocked.place.warehouse_url,
            "update raw_stripe.webhook_messages set"
            " payload = jsonb_set(payload, '{data,object,amount_received}', to_jsonb(1000))",
        )
        assert run().is_successful
        news = {(each.occasion, each.outcome.rule) for each in watch_now().news}
        assert {("resolved", "check"), ("resolved", "run")} <= news
        assert "INFO Resolved: run, build_marts_job" in alert_log(blocked.place)
        # The marketplace's events are late by making, which warns and blocks nothing.
        found = json.loads(call("alerts", "--json").output)["alerts"]
        assert [each for each in found if each["is_alerting"] and each["severity"] == "error"] == []


class TestDashboard:
    def test_prints_once_when_it_is_piped(self, blocked: SimpleNamespace) -> None:
        result = call("dashboard")
        for words in ("PostgreSQL", "Redis", "Publication 20", "build_marts_job", "Events waiting for the next run"):
            assert words in result.output

    def test_as_json_has_everything(self, blocked: SimpleNamespace) -> None:
        found = json.loads(call("dashboard", "--json").output)
        assert [server["is_up"] for server in found["servers"]] == [True, True, True]
        assert found["runs"][0]["job"] == "build_marts_job"
        assert "password" not in json.dumps(found)


class TestReport:
    def test_counts_runs_events_and_publications(self, blocked: SimpleNamespace) -> None:
        found = json.loads(call("report", "--json").output)
        [jobs] = found["runs"]
        assert (jobs["job"], jobs["failed_count"]) == ("build_marts_job", 1)
        assert jobs["run_count"] >= 2
        assert found["events"]["received"] == found["events"]["stored"] > 0
        assert found["freshness"]["publication_count"] >= 1

    def test_of_days_without_anything_says_so(self, blocked: SimpleNamespace) -> None:
        result = call("report", "--from", "2020-01-01", "--to", "2020-01-31")
        assert result.exit_code == 0
        assert "No runs." in result.output
        assert "No publications." in result.output

    @pytest.mark.parametrize(
        "arguments", [["--days", "3", "--to", "2026-01-01"], ["--to", "2026-01-01"], ["--days", "0"]]
    )
    def test_a_period_that_is_none_is_refused(self, arguments: list[str]) -> None:
        assert call("report", *arguments).exit_code == 2
