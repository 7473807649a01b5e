"""What the charts are given to draw."""

from datetime import date, timedelta
from typing import Any

from dashboards.chart import contributions_chart, count_chart, revenue_chart
from warehouse.marts import Contribution, no_activity

DAYS = [(date(2026, 3, 1), no_activity("GBP")), (date(2026, 3, 2), no_activity("GBP"))]


def encodings(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [layer["encoding"] for layer in spec.get("layer", [spec])]


def part(component: str, points: float) -> Contribution:
    return {
        "component": component,
        "value": 1.0,
        "reference": 1.0,
        "signal": 1.0,
        "weight": 1.0,
        "contribution": points,
    }


class TestDailyCharts:
    def test_days_are_days_of_utc_in_every_browser(self) -> None:
        specs = [revenue_chart(DAYS, "GBP").to_dict(), count_chart(DAYS, "order_count").to_dict()]
        found = [encoding["x"]["timeUnit"] for spec in specs for encoding in encodings(spec)]
        assert set(found) == {"utcyearmonthdate"}

    def test_amounts_have_the_decimals_of_their_currency(self) -> None:
        yen = encodings(revenue_chart(DAYS, "JPY").to_dict())[0]["tooltip"]
        pounds = encodings(revenue_chart(DAYS, "GBP").to_dict())[0]["tooltip"]
        assert (yen[-1]["format"], pounds[-1]["format"]) == (",.0f", ",.2f")

    def test_more_than_a_season_is_labelled_with_its_year(self) -> None:
        year = [(date(2025, 3, 1) + timedelta(days=number), no_activity("GBP")) for number in range(365)]
        short, long = (count_chart(days, "order_count").to_dict()["encoding"]["x"] for days in (DAYS, year))
        assert (short["axis"]["format"], long["axis"]["format"]) == ("%-d %b", "%b %Y")

    def test_every_day_has_a_row(self) -> None:
        values = count_chart(DAYS, "order_count").to_dict()["data"]["values"]
        assert [value["day"] for value in values] == ["2026-03-01", "2026-03-02"]


class TestContributionsChart:
    def test_the_largest_in_size_come_first_whatever_their_sign(self) -> None:
        parts = [part("freshness", 0.1), part("refund_penalty", -0.5), part("demand", 1.0)]
        values = contributions_chart(parts).to_dict()["data"]["values"]
        assert [value["label"] for value in values] == ["Recent demand", "Refunds", "Freshness"]

    def test_a_component_of_another_policy_keeps_its_name(self) -> None:
        spec = str(contributions_chart([part("novelty", 0.1)]).to_dict())
        assert "'label': 'novelty'" in spec
