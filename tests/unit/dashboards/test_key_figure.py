"""The figures a seller looks at first."""

from dataclasses import replace
from decimal import Decimal

from dashboards.data import Comparison
from dashboards.key_figure import KeyFigure, key_figures
from warehouse.marts import PerformanceTotals, no_activity
from warehouse.metrics import METRICS

NOTHING = no_activity("GBP")
SOMETHING = replace(
    NOTHING,
    impression_count=20_000,
    click_count=92,
    click_through_rate=0.0046,
    order_count=4,
    refund_count=1,
    gross_revenue_amount=Decimal(40),
    refunded_amount=Decimal(10),
    net_revenue_amount=Decimal(30),
)


def find(slug: str, current: PerformanceTotals, previous: PerformanceTotals | None = None) -> KeyFigure:
    return next(found for found in key_figures(Comparison(current, previous), []) if found.slug == slug)


class TestKeyFigures:
    def test_are_metrics_of_the_registry(self) -> None:
        slugs = {found.slug for found in key_figures(Comparison(NOTHING, None), [])}
        assert slugs <= {metric.slug for metric in METRICS}

    def test_a_rate_stands_with_its_interval(self) -> None:
        found = find("click_through_rate", SOMETHING)
        assert (found.value, found.note) == ("0.46%", "95%: 0.38% – 0.56%")

    def test_without_a_period_before_nothing_changed(self) -> None:
        assert {found.change for found in key_figures(Comparison(SOMETHING, None), [])} == {None}

    def test_refunds_are_bad_and_come_with_their_share(self) -> None:
        found = find("refund_count", SOMETHING, NOTHING)
        assert (found.is_bad, found.change, found.note) == (True, "+1", "£10.00, 25.0% of orders")

    def test_other_currencies_stand_beside_and_are_not_added(self) -> None:
        dollars = replace(no_activity("USD"), net_revenue_amount=Decimal(7))
        found = key_figures(Comparison(SOMETHING, None), [dollars])[0]
        assert (found.value, found.note) == ("£30.00", "and $7.00")

    def test_nothing_at_all_can_be_shown(self) -> None:
        assert [found.value for found in key_figures(Comparison(NOTHING, NOTHING), [])] == ["£0.00", "0", "–", "–", "0"]
