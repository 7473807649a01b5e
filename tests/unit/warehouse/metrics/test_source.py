"""Rows that metrics are measured over, in a few orders written by hand."""

from datetime import date, timedelta

import duckdb
import pytest

from warehouse.metrics import figures_statement, metric

FIRST = date(2026, 3, 1)


def retention(orders: list[tuple[str, int]], *, newest_day: int) -> dict[int, float | None]:
    """The share of new buyers that came back, by day; of orders of buyers on days. Days are counted from the first."""
    with duckdb.connect() as database:
        database.execute("create schema marts")
        database.execute("create table marts.dim_dates as select ?::date as date_day", [day(newest_day)])
        database.execute(
            "create table marts.fct_orders "
            "(order_id text, buyer_organization_id text, paid_at timestamptz, paid_date date, currency text)"
        )
        for number, (buyer, paid) in enumerate(orders):
            database.execute(
                "insert into marts.fct_orders values (?, ?, ?::date, ?, 'GBP')",
                [f"o{number}", buyer, day(paid), day(paid)],
            )
        rows = database.execute(figures_statement(metric("new_buyer_retention_rate"), "marketplace")).fetchall()
    return {(row[0] - FIRST).days: row[3] for row in rows}


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


class TestNewBuyers:
    @pytest.mark.parametrize(("again", "share"), [(0, 0.0), (1, 1.0), (28, 1.0), (29, 0.0)])
    def test_a_buyer_came_back_on_another_day_of_the_28_after_its_first(self, again: int, share: float) -> None:
        assert retention([("ann", 0), ("ann", again)], newest_day=29)[0] == share

    def test_any_day_of_them_will_do(self) -> None:
        orders = [("ann", 0), ("ann", 0), ("ann", 40), ("ann", 9), ("bob", 0), ("bob", 50)]
        assert retention(orders, newest_day=60)[0] == 0.5

    def test_a_day_has_no_figure_before_the_last_of_its_28_days_is_over(self) -> None:
        orders = [("ann", 0), ("bob", 1)]
        assert [retention(orders, newest_day=newest).keys() for newest in (28, 29, 30)] == [set(), {0}, {0, 1}]

    def test_later_orders_are_of_nobody_new(self) -> None:
        assert retention([("ann", 0), ("ann", 5), ("ann", 6)], newest_day=60) == {0: 1.0, 5: None, 6: None}
