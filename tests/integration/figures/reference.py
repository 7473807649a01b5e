"""The figures of the whole marketplace computed once more, in plain Python from the facts, without the registry."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]
WINDOW = timedelta(days=28)


def part(of: int | Decimal, whole: int | Decimal) -> float | None:
    return float(of) / float(whole) if whole else None


class Facts:
    """The facts of a snapshot, and each figure by the name of its metric."""

    def __init__(self, snapshot: Path) -> None:
        with duckdb.connect(str(snapshot), read_only=True) as database:
            self.orders = self._rows(database, "fct_orders")
            self.refunds = self._rows(database, "fct_refunds")
            self.sessions = [row for row in self._rows(database, "fct_sessions") if row["is_counted"]]
            self.searches = [row for row in self._rows(database, "fct_searches") if row["is_counted"]]
            self.reviews = [row for row in self._rows(database, "fct_reviews") if not row["is_hidden"]]
            impressions = self._rows(database, "fct_impressions")
            prompts = self._rows(database, "dim_prompts")
            self.days = sorted(row["date_day"] for row in self._rows(database, "dim_dates"))
        self.impressions = [row for row in impressions if row["is_counted"]]
        self.published = [row for row in prompts if row["status"] == "published"]
        self.currency = {row["prompt_id"]: row["currency"] for row in prompts}
        self.orders.sort(key=lambda row: (row["paid_at"], row["order_id"]))
        first = {row["buyer_organization_id"]: row["order_id"] for row in reversed(self.orders)}
        self.first_orders = set(first.values())
        self.figures: dict[str, Callable[[date, str], Any]] = {**self._of_traffic(), **self._of_money()}
        self.figures |= {**self._of_people(), **self._of_reviews()}

    @staticmethod
    def _rows(database: duckdb.DuckDBPyConnection, mart: str) -> list[Row]:
        found = database.execute(f"select * from marts.{mart}")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def paid(self, day: date, currency: str) -> list[Row]:
        return [row for row in self.orders if (row["paid_date"], row["currency"]) == (day, currency)]

    def paid_before(self, day: date, currency: str, *, windows_ago: int = 0) -> list[Row]:
        """Orders of the window that ends on a day, or of one before it."""
        last = day - windows_ago * WINDOW
        return [
            row for row in self.orders if last - WINDOW < row["paid_date"] <= last and row["currency"] == currency
        ]  # fmt: skip

    def shown(self, day: date, currency: str) -> list[Row]:
        return [
            row for row in self.impressions if row["served_date"] == day and self.currency[row["prompt_id"]] == currency
        ]

    def reversed(self, day: date, currency: str) -> list[Row]:
        return [row for row in self.refunds if (row["order_paid_date"], row["currency"]) == (day, currency)]

    def _of_traffic(self) -> dict[str, Callable[[date, str], Any]]:
        def visits(day: date) -> list[Row]:
            return [row for row in self.sessions if row["started_date"] == day]

        def searches(day: date) -> list[Row]:
            return [row for row in self.searches if row["searched_date"] == day]

        def clicked(day: date, currency: str) -> list[Row]:
            return [row for row in self.shown(day, currency) if row["is_clicked"]]

        def bought(day: date, currency: str) -> int:
            return sum(row["is_purchased"] for row in self.shown(day, currency))

        return {
            "impression_count": lambda day, currency: len(self.shown(day, currency)),
            "click_count": lambda day, currency: len(clicked(day, currency)),
            "click_through_rate": lambda day, currency: part(
                len(clicked(day, currency)), len(self.shown(day, currency))
            ),
            "conversion_rate": lambda day, currency: part(bought(day, currency), len(clicked(day, currency))),
            "session_count": lambda day, _: len(visits(day)),
            "viewing_session_rate": lambda day, _: part(
                sum(v["view_count"] > 0 for v in visits(day)), len(visits(day))
            ),
            "buying_session_rate": lambda day, _: part(
                sum(v["order_count"] > 0 for v in visits(day)), len(visits(day))
            ),
            "search_count": lambda day, _: len(searches(day)),
            "search_zero_result_rate": lambda day, _: part(
                sum(row["result_count"] == 0 for row in searches(day)), len(searches(day))
            ),
            "searched_term_count": lambda day, _: len({row["query"].strip().lower() for row in searches(day)}),
            "unique_viewer_count_28d": lambda day, _: len(
                {
                    row["person_id"]
                    for row in self.sessions
                    if row["view_count"] > 0 and day - WINDOW < row["started_date"] <= day
                }
            ),
        }

    def _of_money(self) -> dict[str, Callable[[date, str], Any]]:
        def gross(day: date, currency: str) -> Decimal:
            return total(row["gross_amount"] for row in self.paid(day, currency))

        def back(day: date, currency: str) -> Decimal:
            return total(row["refunded_amount"] for row in self.reversed(day, currency))

        def told(day: date, currency: str) -> list[Row]:
            return [row for row in self.paid(day, currency) if row["fee_amount"] is not None]

        def fees(day: date, currency: str) -> Decimal:
            return total(row["fee_amount"] for row in told(day, currency))

        return {
            "order_count": lambda day, currency: len(self.paid(day, currency)),
            "refund_count": lambda day, currency: len(self.reversed(day, currency)),
            "gross_revenue_amount": gross,
            "refunded_amount": back,
            "net_revenue_amount": lambda day, currency: gross(day, currency) - back(day, currency),
            "fee_amount": fees,
            "average_order_amount": lambda day, currency: part(gross(day, currency), len(self.paid(day, currency))),
            "refund_rate": lambda day, currency: part(len(self.reversed(day, currency)), len(self.paid(day, currency))),
            "take_rate": lambda day, currency: part(
                fees(day, currency), total(row["gross_amount"] for row in told(day, currency))
            ),
        }

    def _of_people(self) -> dict[str, Callable[[date, str], Any]]:
        def again(day: date, currency: str) -> float | None:
            recent = self.paid_before(day, currency)
            return part(
                len(buyers(row for row in recent if row["order_id"] not in self.first_orders)), len(buyers(recent))
            )

        def kept(day: date, currency: str) -> float | None:
            before = buyers(self.paid_before(day, currency, windows_ago=1))
            return part(len(before & buyers(self.paid_before(day, currency))), len(before))

        def stayed(day: date, currency: str) -> float | None:
            new = buyers(row for row in self.paid(day, currency) if row["order_id"] in self.first_orders)
            later = buyers(row for row in self.orders if day < row["paid_date"] <= day + WINDOW)
            return part(len(new & later), len(new))

        def sold(day: date, _: str) -> float | None:
            offered = {row["prompt_id"] for row in self.published if row["created_at"].date() <= day}
            recent = {row["prompt_id"] for row in self.orders if day - WINDOW < row["paid_date"] <= day}
            return part(len(offered & recent), len(offered))

        return {
            "unique_buyer_count": lambda day, currency: len(buyers(self.paid(day, currency))),
            "unique_buyer_count_28d": lambda day, currency: len(buyers(self.paid_before(day, currency))),
            "new_buyer_count": lambda day, currency: sum(
                row["order_id"] in self.first_orders for row in self.paid(day, currency)
            ),
            "repeat_purchase_rate": again,
            "buyer_retention_rate": kept,
            "new_buyer_retention_rate": stayed,
            "active_seller_count": lambda day, currency: len(sellers(self.paid(day, currency))),
            "active_seller_count_28d": lambda day, currency: len(sellers(self.paid_before(day, currency))),
            "liquidity_rate": sold,
        }

    def _of_reviews(self) -> dict[str, Callable[[date, str], Any]]:
        def stars(day: date) -> list[int]:
            return [row["rating"] for row in self.reviews if row["reviewed_date"] == day]

        return {
            "review_count": lambda day, _: len(stars(day)),
            "positive_review_rate": lambda day, _: part(sum(each >= 4 for each in stars(day)), len(stars(day))),
        }


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def buyers(orders: Iterable[Row]) -> set[str]:
    return {row["buyer_organization_id"] for row in orders}


def sellers(orders: Iterable[Row]) -> set[str]:
    return {row["seller_organization_id"] for row in orders}
