"""The table of every metric, day by day."""

from datetime import date
from decimal import Decimal

from dashboards.metric_table import metric_rows
from warehouse.marts import Figure


def figure(metric: str, day: int, value: Decimal | float | None, currency: str | None = "GBP") -> Figure:
    return Figure(metric, "acme", date(2026, 3, day), currency, value, None, None, None)


class TestMetricRows:
    def test_a_row_is_a_day_the_newest_first(self) -> None:
        found = metric_rows(
            [figure("order_count", 1, 2), figure("order_count", 2, 3), figure("take_rate", 1, None)], "GBP"
        )
        assert found == [
            {"day": date(2026, 3, 2), "order_count": 3.0},
            {"day": date(2026, 3, 1), "order_count": 2.0, "take_rate": None},
        ]

    def test_currencies_stay_apart_and_what_has_none_is_in_all(self) -> None:
        figures = [
            figure("fee_amount", 1, Decimal("1.50")),
            figure("fee_amount", 1, Decimal("9"), currency="USD"),
            figure("liquidity_rate", 1, 0.5, currency=None),
        ]
        assert metric_rows(figures, "GBP") == [{"day": date(2026, 3, 1), "fee_amount": 1.5, "liquidity_rate": 0.5}]
