"""`/api/v1/analytics` figures over marts whose totals can be added up on paper."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from tests.integration.warehouse.marts.hand_made import (
    AS_OF,
    add_prompt,
    add_prompt_day,
    add_seller_day,
    create_marts,
    publish,
)
from warehouse.databases import connect

TRAFFIC = {"impression_count": 100, "click_count": 10, "conversion_rate": Decimal("0.2")}


@pytest.fixture
def marts(api_settings):
    """Empty marts of one publication, open for rows."""
    create_marts(api_settings.warehouse_url)
    with connect(api_settings.warehouse_url, autocommit=True) as connection:
        publish(connection, "p1")
        yield connection


@pytest.fixture
def measured(marts, seller, create_prompt):
    """A prompt with two days in pounds and one in yen."""
    prompt = create_prompt(seller)
    own = seller.organization_id
    add_prompt(marts, prompt["id"], seller=own, title=prompt["title"])
    add_prompt(marts, str(uuid4()), seller=str(uuid4()), title="Of somebody else")
    for day, currency, orders, gross in (
        (date(2026, 3, 1), "GBP", 2, "20.10"),
        (date(2026, 3, 2), "JPY", 1, "500"),
        (date(2026, 3, 31), "GBP", 1, "0.20"),
    ):
        figures = {"currency": currency, "orders": orders, "gross": gross, **TRAFFIC}
        add_prompt_day(marts, prompt["id"], day, **figures)
        add_seller_day(marts, own, day, **figures)
        add_seller_day(marts, str(uuid4()), day, **figures)
    return prompt


class TestPromptPerformance:
    def test_adds_up_days_per_currency(self, client, seller, measured):
        answer = client.get(f"/analytics/prompts/{measured['id']}/performance", headers=seller.headers)
        assert answer.status_code == 200
        found = answer.json()
        assert [(each["currency"], each["order_count"], each["gross_revenue_amount"]) for each in found["totals"]] == [
            ("GBP", 3, "20.30"),
            ("JPY", 1, "500.00"),
        ]
        assert [(day["performance_date"], day["currency"]) for day in found["items"]] == [
            ("2026-03-01", "GBP"),
            ("2026-03-02", "JPY"),
            ("2026-03-31", "GBP"),
        ]
        assert found["totals"][0]["click_through_rate"] == 0.1
        assert found["totals"][0]["conversion_rate"] == 0.2

    def test_says_where_figures_come_from(self, client, seller, measured):
        found = client.get(f"/analytics/prompts/{measured['id']}/performance", headers=seller.headers).json()
        assert found["publication_id"] == "p1"
        assert found["as_of"] == AS_OF.isoformat().replace("+00:00", "Z")
        assert (found["date_from"], found["date_to"]) == ("2026-03-01", "2026-03-31")

    def test_figures_are_of_the_data_when_ranks_are_of_the_past(self, client, seller, measured, warehouse_url):
        with connect(warehouse_url) as connection:
            publish(connection, "p2", as_of=AS_OF - timedelta(days=400), data_as_of=AS_OF)
        found = client.get(f"/analytics/prompts/{measured['id']}/performance", headers=seller.headers).json()
        assert found["publication_id"] == "p2"
        assert found["as_of"] == AS_OF.isoformat().replace("+00:00", "Z")
        assert client.get("/analytics/dashboard", headers=seller.headers).json()["as_of"] == found["as_of"]

    @pytest.mark.parametrize(
        ("parameters", "dates"),
        [
            ({"date_from": "2026-03-02"}, ["2026-03-02", "2026-03-31"]),
            ({"date_to": "2026-03-02"}, ["2026-03-01", "2026-03-02"]),
            ({"date_from": "2026-03-02", "date_to": "2026-03-30"}, ["2026-03-02"]),
            ({"currency": "GBP"}, ["2026-03-01", "2026-03-31"]),
            ({"currency": "EUR"}, []),
        ],
    )
    def test_filters_by_days_and_currency(self, client, seller, measured, parameters, dates):
        found = client.get(
            f"/analytics/prompts/{measured['id']}/performance", params=parameters, headers=seller.headers
        ).json()
        assert [day["performance_date"] for day in found["items"]] == dates

    @pytest.mark.parametrize(
        "parameters",
        [
            {"date_from": "2026-03-02", "date_to": "2026-03-01"},
            {"date_from": "yesterday"},
            {"date_from": "99999-01-01"},
            {"currency": "pounds"},
        ],
    )
    def test_refuses_a_wrong_parameter(self, client, seller, measured, parameters):
        answer = client.get(
            f"/analytics/prompts/{measured['id']}/performance", params=parameters, headers=seller.headers
        )
        assert answer.status_code == 422
        assert len(answer.json()["errors"]) == 1

    def test_hides_the_prompt_of_others(self, client, register, measured):
        answer = client.get(f"/analytics/prompts/{measured['id']}/performance", headers=register("seller").headers)
        assert answer.status_code == 404

    def test_shows_operators_everything(self, client, admin, measured):
        found = client.get(f"/analytics/prompts/{measured['id']}/performance", headers=admin.headers).json()
        assert len(found["totals"]) == 2

    def test_knows_no_other_prompt(self, client, admin, marts):
        answer = client.get(f"/analytics/prompts/{uuid4()}/performance", headers=admin.headers)
        assert answer.status_code == 404

    def test_is_empty_for_a_prompt_nothing_happened_to(self, client, seller, create_prompt, marts):
        prompt = create_prompt(seller)
        found = client.get(f"/analytics/prompts/{prompt['id']}/performance", headers=seller.headers).json()
        assert (found["items"], found["totals"], found["date_from"], found["publication_id"]) == ([], [], None, "p1")

    def test_is_empty_before_the_first_publication(self, client, seller, create_prompt, api_settings):
        with connect(api_settings.warehouse_url, autocommit=True) as connection:
            connection.execute("drop schema if exists marts cascade")
        prompt = create_prompt(seller)
        answer = client.get(f"/analytics/prompts/{prompt['id']}/performance", headers=seller.headers)
        assert answer.status_code == 200
        assert (answer.json()["items"], answer.json()["as_of"], answer.json()["publication_id"]) == ([], None, None)

    def test_needs_a_log_in(self, client, measured):
        assert client.get(f"/analytics/prompts/{measured['id']}/performance").status_code == 401


class TestDashboard:
    def test_shows_the_own_organization_alone(self, client, seller, measured):
        answer = client.get("/analytics/dashboard", headers=seller.headers)
        assert answer.status_code == 200
        found = answer.json()
        assert [(each["currency"], each["net_revenue_amount"]) for each in found["totals"]] == [
            ("GBP", "20.30"),
            ("JPY", "500.00"),
        ]
        assert [day["order_count"] for day in found["days"]] == [2, 1, 1]
        assert {prompt["prompt_id"] for prompt in found["prompts"]} == {measured["id"]}
        assert (found["seller_organization_id"], found["publication_id"]) == (seller.organization_id, "p1")

    def test_filters_by_days_and_currency(self, client, seller, measured):
        parameters = {"date_from": "2026-03-02", "currency": "GBP"}
        found = client.get("/analytics/dashboard", params=parameters, headers=seller.headers).json()
        assert [total["net_revenue_amount"] for total in found["totals"]] == ["0.20"]
        assert [prompt["net_revenue_amount"] for prompt in found["prompts"]] == ["0.20"]

    def test_is_empty_before_the_first_publication(self, client, seller, api_settings):
        with connect(api_settings.warehouse_url, autocommit=True) as connection:
            connection.execute("drop schema if exists marts cascade")
        found = client.get("/analytics/dashboard", headers=seller.headers).json()
        assert (found["totals"], found["days"], found["prompts"], found["as_of"]) == ([], [], [], None)

    def test_is_not_for_buyers(self, client, buyer):
        assert client.get("/analytics/dashboard", headers=buyer.headers).status_code == 403


class TestOwnPerformance:
    @pytest.mark.parametrize("grain", ["day", "week", "month", "total"])
    @pytest.mark.parametrize("day", [date.min, date.max])
    def test_periods_reach_as_far_as_dates_do(self, client, marts, seller, grain, day):
        add_seller_day(marts, seller.organization_id, day, orders=2)
        parameters = {"metric": "order_count", "grain": grain, "date_from": str(day), "date_to": str(day)}
        answer = client.get("/analytics/sellers/me/performance", params=parameters, headers=seller.headers)
        assert answer.status_code == 200, answer.text
        assert [item["value"] for item in answer.json()["items"]] == [2]
        assert [item["is_complete"] for item in answer.json()["items"]] == [day == date.min]
