"""One definition, many readers: every figure is the same wherever it is read, and nobody reads what is others'."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psycopg
import pytest
from fastapi import FastAPI

from tests.integration.api.conftest import PASSWORD
from tests.integration.figures.reference import Facts
from tests.integration.figures.surface import (
    FIRST,
    LAST,
    changed,
    differences,
    exact,
    of_api,
    of_command,
    of_csv,
    of_dashboards,
    of_one,
    of_snapshot,
    of_statement,
)
from tests.integration.orchestration.conftest import Place
from tests.integration.warehouse.tenancy.direct_sql import callable_functions, open_relations, relations
from warehouse.marts import MartsConnections
from warehouse.metrics import METRICS, Metric, metric
from warehouse.settings import Settings, get_settings
from warehouse.tenancy import Access, access_of
from warehouse.tenancy.access import user_of
from warehouse.tenancy.mart_policy import MART_READERS, PUBLIC_MARTS

SELLERS = [f"0a000000-0000-0000-0000-{number:012}" for number in (1, 2, 3)]
COUNTED_EARLIER = {"view_count", "unique_viewer_count", "checkout_count"}
DAYS = {"date_from": str(FIRST), "date_to": str(LAST)}


@pytest.fixture(scope="module")
def accounts(api_url: str, api_settings: Settings) -> dict[str, dict[str, str]]:
    """Headers of an operator, of the first of the sellers, and of somebody who sells nothing yet."""
    headers = {}
    with (
        httpx.Client(base_url=f"{api_url}/api/v1", trust_env=False) as client,
        psycopg.connect(str(api_settings.database_url), autocommit=True) as database,
    ):
        for name, role, organization in (
            ("admin", "admin", None),
            ("seller", "seller", SELLERS[0]),
            ("new", "seller", None),
        ):
            person = {"email": f"{name}@acme.example", "password": PASSWORD}
            answer = client.post("/auth/register", json={**person, "company_name": name, "role": "seller"})
            assert answer.status_code == 201, answer.text
            user = answer.json()["user"]
            database.execute(
                "update users set role = %s, organization_id = %s where id = %s",
                [role, organization or user["organization_id"], user["id"]],
            )
            tokens = client.post("/auth/login", json=person).json()
            headers[name] = {"Authorization": f"Bearer {tokens['access_token']}"}
    return headers


@pytest.fixture(scope="module")
def connections(api_url: str, service: FastAPI) -> Iterator[MartsConnections]:
    """What the dashboards read through: another process of the same installation as the service."""
    access = service.state.resources.servers.access
    kept = MartsConnections(access.marts_url, scope_key=access.scope_key)
    yield kept
    kept.close()


@pytest.fixture(scope="module")
def snapshot(api_settings: Settings) -> Path:
    return api_settings.data_path / "snapshots" / "latest.duckdb"


class TestSurfaces:
    def test_show_sellers_the_same_figures(
        self, client: httpx.Client, accounts: Any, connections: MartsConnections, snapshot: Path, tmp_path: Path
    ) -> None:
        published = of_snapshot(snapshot, "seller")
        assert len(published) >= 500
        assert {cell.metric for cell in published} == {each.slug for each in METRICS if "seller" in each.dimensions}
        assert differences(of_api(client, accounts["admin"], "seller"), published) == []
        assert differences(of_dashboards(connections, SELLERS, "seller"), published) == []
        exported = client.get("/analytics/export", params=DAYS, headers=accounts["admin"])
        assert differences(of_csv(exported.text), published) == []
        assert differences(of_command(tmp_path, "seller"), published) == []

    def test_show_the_same_of_every_prompt(
        self, client: httpx.Client, accounts: Any, connections: MartsConnections, snapshot: Path, tmp_path: Path
    ) -> None:
        published = of_snapshot(snapshot, "prompt")
        assert len(published) >= 500
        assert differences(of_dashboards(connections, SELLERS, "prompt"), published) == []
        exported = client.get("/analytics/export", params={**DAYS, "dimension": "prompt"}, headers=accounts["admin"])
        assert differences(of_csv(exported.text), published) == []
        assert differences(of_command(tmp_path, "prompt"), published) == []

    @pytest.mark.parametrize("dimension", ["marketplace", "category"])
    def test_show_operators_and_analysts_the_same_of_the_whole(
        self, client: httpx.Client, accounts: Any, snapshot: Path, tmp_path: Path, dimension: Any
    ) -> None:
        published = of_snapshot(snapshot, dimension)
        assert {cell.metric for cell in published} == {each.slug for each in METRICS if dimension in each.dimensions}
        assert differences(of_api(client, accounts["admin"], dimension), published) == []
        assert differences(of_command(tmp_path, dimension), published) == []

    @pytest.mark.parametrize("entry", METRICS, ids=lambda entry: entry.slug)
    def test_a_changed_definition_is_noticed(
        self,
        client: httpx.Client,
        accounts: Any,
        snapshot: Path,
        tmp_path: Path,
        entry: Metric,
    ) -> None:
        """The snapshot was published by the definition before."""
        dimension = entry.dimensions[-1]
        published = of_one(of_snapshot(snapshot, dimension), entry)
        assert published
        assert differences(of_api(client, accounts["admin"], dimension, metric=entry.slug), published) == []
        with changed(entry):
            read = of_api(client, accounts["admin"], dimension, metric=entry.slug)
            exported = of_command(tmp_path, dimension, "--metric", entry.slug)
        assert differences(read, published)
        assert differences(exported, published)


class TestReference:
    """Views, unique viewers and checkouts are counted on the way to the marts, whose own tests they have."""

    @pytest.fixture(scope="class")
    def facts(self, snapshot: Path) -> Facts:
        return Facts(snapshot)

    def test_all_other_metrics_have_one(self, facts: Facts) -> None:
        assert {entry.slug for entry in METRICS} - facts.figures.keys() == COUNTED_EARLIER

    @pytest.mark.parametrize(
        "entry", [each for each in METRICS if each.slug not in COUNTED_EARLIER], ids=lambda entry: entry.slug
    )
    def test_every_figure_of_the_whole_is_what_the_facts_say(self, facts: Facts, snapshot: Path, entry: Metric) -> None:
        published = of_statement(snapshot, entry)
        expected = {
            cell: facts.figures[entry.slug](date.fromisoformat(cell.period_start), cell.currency) for cell in published
        }
        assert len(published) >= 20
        assert differences(published, expected) == []
        with changed(entry):
            assert differences(of_statement(snapshot, entry), expected)

    def test_new_buyers_have_a_figure_once_their_days_to_come_back_are_over(self, facts: Facts, snapshot: Path) -> None:
        entry = metric("new_buyer_retention_rate")
        going_on = facts.days[-1]
        over = {
            (str(row["paid_date"]), row["currency"])
            for row in facts.orders
            if row["paid_date"] + timedelta(days=entry.follow_up_days) < going_on
        }
        assert {(cell.period_start, cell.currency) for cell in of_statement(snapshot, entry)} == over
        assert entry.follow_up_days == 28
        assert going_on == LAST


class TestDashboardAnswer:
    def test_has_the_figures_of_the_registry(self, client: httpx.Client, accounts: Any) -> None:
        """The older route reads whole rows of the marts; what it shows is the same all the same."""
        own = client.get("/analytics/sellers/me/performance", params={**DAYS, "limit": 100}, headers=accounts["seller"])
        days = client.get("/analytics/dashboard", params=DAYS, headers=accounts["seller"]).json()["days"]
        shown = {(day["performance_date"], day["currency"]): day for day in days}
        items = [item for item in own.json()["items"] if item["metric"] in days[0]]
        assert len(items) > 50
        for item in items:
            row = shown[item["period_start"], item["currency"]]
            entry = metric(item["metric"])
            assert exact(entry, item["value"]) == exact(entry, row[item["metric"]])


class TestOverview:
    @pytest.fixture
    def ask(self, client: httpx.Client, accounts: Any) -> Any:
        def ask(**parameters: Any) -> httpx.Response:
            return client.get("/analytics/overview", params={**DAYS, **parameters}, headers=accounts["admin"])

        return ask

    def test_says_where_figures_come_from(self, ask: Any) -> None:
        found = ask(metric="order_count").json()
        assert found["publication_id"]
        assert found["complete_through"] < found["as_of"]
        assert (found["date_from"], found["date_to"]) == (str(FIRST), str(LAST))
        assert all(item["is_complete"] for item in found["items"])

    def test_a_day_that_goes_on_is_not_complete(self, ask: Any) -> None:
        through = ask().json()["complete_through"]
        found = ask(metric="liquidity_rate", date_from=FIRST, date_to=FIRST).json()["items"]
        assert [item["is_complete"] for item in found] == [str(FIRST) <= through]
        total = ask(metric="order_count", grain="total", date_from="2026-03-01", date_to="2027-03-01").json()["items"]
        assert {item["is_complete"] for item in total} == {False}

    def test_a_total_is_made_of_the_counts_of_its_days(self, ask: Any) -> None:
        days = [item for item in ask(metric="click_through_rate", limit=100, currency="GBP").json()["items"]]
        [total] = ask(metric="click_through_rate", grain="total", currency="GBP").json()["items"]
        clicks, impressions = (sum(day[part] for day in days) for part in ("numerator", "denominator"))
        assert (total["numerator"], total["denominator"]) == (clicks, impressions)
        assert total["value"] == clicks / impressions
        assert total["interval"]["low"] < total["value"] < total["interval"]["high"]

    def test_a_month_is_not_complete_while_buyers_of_it_may_come_back(self, ask: Any) -> None:
        through = date.fromisoformat(ask().json()["complete_through"])
        months = ask(metric="new_buyer_retention_rate", grain="month").json()["items"]
        assert months
        assert {(item["period_start"], item["is_complete"]) for item in months} == {
            (str(FIRST), date(2026, 3, 31) + timedelta(days=28) <= through)
        }

    @pytest.mark.parametrize("grain", ["week", "month"])
    def test_periods_add_up_to_the_total(self, ask: Any, grain: str) -> None:
        parts = ask(metric="net_revenue_amount", grain=grain, limit=100, currency="GBP").json()["items"]
        [total] = ask(metric="net_revenue_amount", grain="total", currency="GBP").json()["items"]
        entry = metric("net_revenue_amount")
        assert len(parts) > 1
        assert sum(exact(entry, part["value"]) for part in parts) == exact(entry, total["value"])

    def test_without_days_the_last_28_with_facts_are_shown(self, client: httpx.Client, accounts: Any) -> None:
        found = client.get("/analytics/overview", headers=accounts["admin"]).json()
        assert (found["date_from"], found["date_to"]) == ("2026-04-02", str(LAST))

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"metric": "dwell_time"}, "no metric has the slug dwell_time"),
            ({"metric": "take_rate", "dimension": "category"}, "can't be cut by category, only by marketplace"),
            (
                {"metric": "unique_viewer_count", "grain": "month"},
                "can't be computed for each month, only for each day",
            ),
            ({"dimension": "country"}, "marketplace"),
            ({"date_from": "2020-01-01"}, "no more than 366 days"),
            ({"date_from": "2026-05-01"}, "must not be after date_to"),
            ({"currency": "pounds"}, "currency"),
            ({"cursor": "AAAA"}, "cursor"),
        ],
    )
    def test_what_can_not_be_computed_is_refused(self, ask: Any, parameters: Any, message: str) -> None:
        answer = ask(**parameters)
        assert answer.status_code == 422
        assert message in answer.text

    def test_a_cursor_is_of_the_list_it_came_from(self, ask: Any) -> None:
        cursor = ask(metric="order_count", limit=1).json()["next_cursor"]
        assert ask(metric="order_count", limit=1, cursor=cursor).status_code == 200
        assert ask(metric="click_count", limit=1, cursor=cursor).status_code == 422

    def test_is_for_operators(self, client: httpx.Client, accounts: Any) -> None:
        assert client.get("/analytics/overview", headers=accounts["seller"]).status_code == 403


class TestOwnPerformance:
    def test_has_nothing_of_others(self, client: httpx.Client, accounts: Any, snapshot: Path) -> None:
        for dimension, own in (("seller", {SELLERS[0]}), ("prompt", own_prompts(snapshot))):
            found = client.get("/analytics/export", params={**DAYS, "dimension": dimension}, headers=accounts["seller"])
            cells = of_csv(found.text)
            assert {cell.dimension_value for cell in cells} == own
            published = {
                cell: value for cell, value in of_snapshot(snapshot, dimension).items() if cell.dimension_value in own
            }  # type: ignore[arg-type]
            assert differences(cells, published) == []

    @pytest.mark.parametrize("path", ["sellers/me/performance", "export"])
    def test_who_sells_nothing_has_no_figures(self, client: httpx.Client, accounts: Any, path: str) -> None:
        answer = client.get(f"/analytics/{path}", params={**DAYS, "format": "json"}, headers=accounts["new"])
        assert answer.status_code == 200
        assert (answer.json()["items"] if path != "export" else answer.text) in ([], "")

    @pytest.mark.parametrize("dimension", ["marketplace", "category"])
    def test_the_whole_is_not_a_sellers(self, client: httpx.Client, accounts: Any, dimension: str) -> None:
        parameters = {**DAYS, "dimension": dimension}
        for path in ("export", "sellers/me/performance"):
            answer = client.get(f"/analytics/{path}", params=parameters, headers=accounts["seller"])
            assert answer.status_code == 422


def own_prompts(snapshot: Path) -> set[str]:
    with duckdb.connect(str(snapshot), read_only=True) as database:
        statement = "select prompt_id from marts.dim_prompts where seller_organization_id = ?"
        return {row[0] for row in database.execute(statement, [SELLERS[0]]).fetchall()}


@pytest.fixture(scope="module")
def access(api_url: str, place: Place) -> Access:
    """As whom the service let others in."""
    return access_of(get_settings(), database_url=place.database_url, warehouse_url=place.warehouse_url)


class TestDirectSql:
    """Over everything that a run of the pipeline makes, and the service beside it."""

    def test_analysts_may_read_marts_and_nothing_else(self, place: Place, access: Access) -> None:
        marts = {name for name in relations(place.warehouse_url) if name.startswith("marts.")}
        assert marts == {f"marts.{name}" for name in MART_READERS.keys() | PUBLIC_MARTS.keys()}
        assert open_relations(place.warehouse_url, access.analyst_url) == {name: {"select"} for name in marts}

    def test_readers_may_read_marts_that_have_a_rule_and_nothing_else(self, place: Place, access: Access) -> None:
        ruled = {f"marts.{name}" for name in MART_READERS.keys() | PUBLIC_MARTS.keys()}
        assert open_relations(place.warehouse_url, access.marts_url) == {name: {"select"} for name in ruled}

    def test_there_is_more_to_be_closed(self, place: Place) -> None:
        schemas = {name.partition(".")[0] for name in relations(place.warehouse_url)}
        assert schemas > {
            "marts",
            "marts_build",
            "raw_app",
            "raw_events",
            "raw_stripe",
            "control",
            "dagster",
            "tenancy",
        }

    def test_analysts_call_no_function_and_readers_what_policies_ask(self, place: Place, access: Access) -> None:
        asked = {"scope", "organization_id", "user_id", "is_platform", "is_staff", "own_prompts"}
        url = place.warehouse_url
        assert callable_functions(url, user_of(access.analyst_url)) == set()
        assert callable_functions(url, user_of(access.marts_url)) == {f"tenancy.{name}" for name in asked}

    def test_the_applications_role_is_not_let_in(self, place: Place, access: Access) -> None:
        name = psycopg.conninfo.conninfo_to_dict(place.warehouse_url)["dbname"]
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(access.application_url, dbname=str(name))
