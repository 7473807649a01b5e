"""What the marts say about a small world written by hand, built in full."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.integration.transforms import raw_rows as raw
from tests.integration.transforms.dbt_warehouse import DbtWarehouse
from warehouse.features import read_activity

MONDAY = date(2026, 3, 2)
TUESDAY = date(2026, 3, 3)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


WORLD = {
    raw.ORGANIZATIONS: [raw.organization("sellers"), raw.organization("buyers", external_id="b-1", is_imported=True)],
    raw.PROMPTS: [
        raw.prompt("essay", "sellers"),
        raw.prompt("haiku", "sellers", price_cents=700, currency="JPY", category=None, external_id="h-1"),
        raw.prompt("sonnet", "sellers", price_cents=0),
    ],
    raw.PROMPT_VERSIONS: [
        raw.prompt_version("essay", 1, raw.LONG_AGO),
        raw.prompt_version("essay", 2, at(MONDAY, 12)),
    ],
    raw.PROMPT_STATES: [
        raw.prompt_state("essay", 1, raw.LONG_AGO, title="Essai", price_cents=400),
        raw.prompt_state("essay", 2, at(MONDAY, 12), current_version=2),
    ],
    raw.ORGANIZATION_STATES: [
        raw.organization_state("sellers", 1, raw.LONG_AGO, "Selling"),
        raw.organization_state("sellers", 2, at(MONDAY, 12), "Sellers"),
    ],
    raw.USERS: [raw.user("ann")],
    raw.EVENTS: [
        # The essay stands in the list twice.
        raw.served("list", at(MONDAY, 23, 30), "r1", ["essay", "haiku", "essay"], organization_id="buyers"),
        raw.served("unseen list", at(TUESDAY, 9), "r2", ["essay"]),
        raw.served("unclicked list", at(TUESDAY, 8), "r3", ["sonnet"]),
        raw.served("the same again", at(TUESDAY, 8, 30), "r4", ["sonnet"]),
        # Another source uses the same receipt; a list of its own.
        raw.served("foreign list", at(TUESDAY, 9), "r1", ["haiku"], source="partner"),
        raw.clicked("click", at(TUESDAY, 0, 10), "r1", "essay", position=3),
        raw.clicked("later click", at(TUESDAY, 0, 20), "r1", "essay", position=3),
        raw.clicked("haiku click", at(TUESDAY, 1), "r1", "haiku", position=2, user_id=None),
        raw.clicked("early click", at(TUESDAY, 8, 59), "r2", "essay"),
        raw.clicked("other prompt", at(TUESDAY, 10), "r3", "essay"),
        raw.clicked("of another company", at(TUESDAY, 0, 2), "r1", "essay", user_id="eve", organization_id="rivals"),
        raw.clicked("unreadable", at(TUESDAY, 10), "r1", "haiku", position=True, user_id=None),
        raw.viewed("v1", at(MONDAY, 10), "essay", user_id="ann"),
        raw.viewed("v2", at(MONDAY, 11), "essay", user_id="ann"),
        raw.viewed("v3", at(MONDAY, 12), "essay", anonymous_id="somebody"),
        raw.viewed("v4", at(MONDAY, 12), "sonnet", user_id="ann"),
        # Ann looks around before she logs in,.
        raw.viewed("v9", at(MONDAY, 11, 45), "sonnet", anonymous_id="phone"),
        raw.viewed("v10", at(MONDAY, 12, 10), "sonnet", anonymous_id="phone", user_id="ann"),
        raw.viewed("v5", at(MONDAY, 12), "haiku", user_id="ann"),
        # Bots, operators and the seller itself are kept, and not counted.
        raw.served("list of a bot", at(MONDAY, 9), "r8", ["essay"], agent="bot"),
        raw.served("list of the seller", at(MONDAY, 9), "r9", ["essay"], organization_id="sellers"),
        raw.clicked("click of an operator", at(TUESDAY, 0, 5), "r1", "essay", position=1, is_staff=True),
        raw.clicked("click of the seller", at(MONDAY, 9, 1), "r9", "essay", is_own=True),
        raw.viewed("v6", at(MONDAY, 12), "essay", user_id="crawler", agent="bot"),
        raw.viewed("v7", at(MONDAY, 12), "essay", user_id="operator", is_staff=True),
        raw.viewed("v8", at(MONDAY, 12), "essay", user_id="seller", is_own=True),
        raw.checkout("c3", at(TUESDAY, 0, 26), "o1", "essay", is_staff=True),
        raw.checkout("c1", at(TUESDAY, 0, 25), "o1", "essay"),
        raw.checkout("c2", at(TUESDAY, 0, 26), "o1", None),
    ],
    raw.ORDERS: [
        raw.order("o1", "essay", "ann", at(TUESDAY, 0, 30), status="partially_refunded"),
        raw.order("o2", "haiku", "bob", at(TUESDAY, 2), currency="JPY", amount_cents=700, receipt_id="r1"),
        raw.order("o3", "essay", "eve", at(MONDAY, 1), currency="USD", fee_cents=None),
        raw.order("o4", "sonnet", "eve", at(MONDAY, 1), amount_cents=0, fee_cents=None, provider="free"),
        raw.order("unpaid", "essay", "ann", None),
    ],
    raw.REFUNDS: [
        raw.refund("f1", "o1", at(date(2026, 3, 9), 8)),
        raw.refund("pending", "o1", None),
        raw.refund("failed", "o1", None, status="failed"),
    ],
    raw.BOOKINGS: [
        raw.booking("t1", "o1", at(TUESDAY, 0, 30)),
        raw.booking("t2", "o2", at(TUESDAY, 2), amount_cents=700, currency="JPY"),
        raw.booking(
            "t3",
            "o3",
            at(MONDAY, 1),
            amount_cents=400,
            fee_cents=32,
            exchange_rate=0.8,
            source_amount_cents=500,
            source_currency="USD",
        ),
        raw.booked_refund("t4", "o1", "f1", at(date(2026, 3, 9), 8)),
        raw.booking(
            "payout",
            "",
            at(date(2026, 3, 9), 9),
            reporting_category="payout",
            amount_cents=-666,
            fee_cents=0,
            payment_intent_id=None,
        ),
    ],
}


@pytest.fixture(scope="module")
def built(dbt_warehouse: DbtWarehouse) -> DbtWarehouse:
    dbt_warehouse.load(WORLD)
    # All tests of the project run along, its unit tests too.
    dbt_warehouse.dbt("build")
    return dbt_warehouse


ORDERS_KEEP, BOOKINGS_ARE_KNOWN = "assert_orders_keep_what_was_booked", "assert_bookings_without_payment_are_known"

# Without the tests that hold the models against others, which are not built again.
ALONE = ("--indirect-selection", "cautious")


def warned(built: DbtWarehouse, rows: Mapping[str, Sequence[raw.Row]]) -> Counter[str]:
    """How many rows each assertion about Stripe's ledger warns of, once these were loaded too."""
    built.load(rows)
    models = "int_payments_matched fct_order_payments int_refunds_matched fct_refunds"
    results = built.dbt("build", "--select", f"{models} {ORDERS_KEEP} {BOOKINGS_ARE_KNOWN}", *ALONE)
    built.warnings.clear()
    return Counter({item.node.name: item.failures for item in results if str(item.status) == "warn"})


class TestProject:
    def test_builds_and_tests_without_a_warning(self, built: DbtWarehouse) -> None:
        assert built.warnings == []


class TestDimPrompts:
    def test_prices_are_in_main_units_of_the_currency(self, built: DbtWarehouse) -> None:
        prices = {row["prompt_id"]: row["price_amount"] for row in built.rows("dim_prompts")}
        assert prices == {"essay": Decimal("5.00"), "haiku": Decimal("700.00"), "sonnet": Decimal("0.00")}

    def test_has_one_current_row_for_the_whole_life(self, built: DbtWarehouse) -> None:
        assert built.row("dim_prompts", prompt_id="haiku") == {
            "prompt_id": "haiku", "external_id": "h-1", "title": "Haiku", "category": None,
            "seller_organization_id": "sellers", "status": "published", "price_amount": Decimal(700), "currency": "JPY",
            "current_version": 1, "published_at": raw.LONG_AGO, "created_at": raw.LONG_AGO,
            "valid_from": raw.LONG_AGO, "valid_to": None,
        }  # fmt: skip


class TestHistory:
    def test_each_state_of_a_prompt_holds_until_the_next(self, built: DbtWarehouse) -> None:
        columns = ("state_number", "title", "price_amount", "valid_from", "valid_to", "is_current")
        states = [tuple(row[name] for name in columns) for row in built.rows("dim_prompts_history")]
        assert states == [
            (1, "Essai", Decimal("4.00"), raw.LONG_AGO, at(MONDAY, 12), False),
            (2, "Essay", Decimal("5.00"), at(MONDAY, 12), None, True),
        ]

    def test_each_name_of_a_company_holds_until_the_next(self, built: DbtWarehouse) -> None:
        names = [(row["name"], row["valid_to"]) for row in built.rows("dim_organizations_history")]
        assert names == [("Selling", at(MONDAY, 12)), ("Sellers", None)]

    def test_current_rows_say_since_when_they_hold(self, built: DbtWarehouse) -> None:
        assert built.row("dim_prompts", prompt_id="essay")["valid_from"] == at(MONDAY, 12)
        assert built.row("dim_organizations", organization_id="sellers")["valid_from"] == at(MONDAY, 12)

    def test_impressions_have_the_version_shown_and_the_price_of_then(self, built: DbtWarehouse) -> None:
        prices = {
            (row["prompt_id"], row["served_at"].hour): (row["prompt_version"], row["list_price_amount"])
            for row in built.rows("fct_impressions")
            if row["receipt_id"] in ("r1", "r9") and row["source"] == "api"
        }
        assert prices == {
            ("essay", 9): (2, Decimal("4.00")),
            ("essay", 23): (2, Decimal("5.00")),
            ("haiku", 23): (2, None),
        }


class TestDimPromptVersions:
    def test_each_is_valid_until_the_next(self, built: DbtWarehouse) -> None:
        versions = [
            (row["version"], row["valid_from"], row["valid_to"], row["is_current"])
            for row in built.rows("dim_prompt_versions")
        ]
        assert versions == [
            (1, raw.LONG_AGO, at(MONDAY, 12), False),
            (2, at(MONDAY, 12), None, True),
        ]


class TestDimDates:
    def test_has_every_day_there_are_figures_of(self, built: DbtWarehouse) -> None:
        days = built.rows("dim_dates")
        # The last is that of a refund.
        assert [row["date_day"] for row in days] == [date(2026, 3, day) for day in range(2, 10)]
        assert days[1] == {
            "date_day": TUESDAY, "year_number": 2026, "quarter_number": 1, "month_number": 3, "day_of_month": 3,
            "iso_week_number": 10, "iso_day_of_week": 2, "is_weekend": False, "month_start_date": date(2026, 3, 1),
            "week_start_date": MONDAY,
        }  # fmt: skip


class TestDimOrganizations:
    def test_tells_who_was_imported(self, built: DbtWarehouse) -> None:
        assert built.row("dim_organizations", organization_id="buyers") == {
            "organization_id": "buyers", "name": "Buyers", "external_id": "b-1", "is_imported": True,
            "created_at": raw.LONG_AGO, "valid_from": raw.LONG_AGO, "valid_to": None,
        }  # fmt: skip


class TestFctImpressions:
    def test_has_one_row_per_place_of_a_list(self, built: DbtWarehouse) -> None:
        places = [(row["source"], row["receipt_id"], row["position"]) for row in built.rows("fct_impressions")]
        assert sorted(places) == [
            ("api", "r1", 1), ("api", "r1", 2), ("api", "r1", 3), ("api", "r2", 1), ("api", "r3", 1),
            ("api", "r4", 1), ("api", "r8", 1), ("api", "r9", 1), ("partner", "r1", 1),
        ]  # fmt: skip

    def test_says_all_the_list_said(self, built: DbtWarehouse) -> None:
        row = built.row("fct_impressions", source="api", receipt_id="r1", position=3)
        row.pop("impression_id")
        assert row == {
            "receipt_id": "r1", "prompt_id": "essay", "prompt_version": 2, "seller_organization_id": "sellers",
            "list_price_amount": Decimal(5), "list_currency": "GBP", "surface": "top",
            "policy_version": "baseline@1", "position": 3, "score": 0.5, "propensity": 0.5, "is_exploration": False,
            "is_counted": True, "is_clicked": True, "clicked_at": at(TUESDAY, 0, 10),
            "clicked_person_id": "ann", "is_purchased": True, "purchased_at": at(TUESDAY, 0, 30),
            "served_at": at(MONDAY, 23, 30), "served_date": MONDAY,
            "organization_id": "buyers", "user_id": None, "viewer_person_id": "session:visit", "session_id": "visit",
            "source": "api",
        }  # fmt: skip

    def test_click_belongs_to_the_place_it_names(self, built: DbtWarehouse) -> None:
        assert built.row("fct_impressions", source="api", receipt_id="r1", position=1)["is_clicked"] is False

    def test_what_bots_and_the_seller_were_shown_is_kept_and_not_counted(self, built: DbtWarehouse) -> None:
        counted = {row["receipt_id"]: row["is_counted"] for row in built.rows("fct_impressions")}
        assert counted == {"r1": True, "r2": True, "r3": True, "r4": True, "r8": False, "r9": False}

    def test_click_before_the_list_is_ignored(self, built: DbtWarehouse) -> None:
        assert built.row("fct_impressions", receipt_id="r2")["is_clicked"] is False

    def test_click_on_another_prompt_is_ignored(self, built: DbtWarehouse) -> None:
        assert built.row("fct_impressions", receipt_id="r3")["is_clicked"] is False

    def test_client_click_does_not_reach_the_list_of_another_source(self, built: DbtWarehouse) -> None:
        assert built.row("fct_impressions", source="partner")["is_clicked"] is False

    def test_click_in_a_list_that_another_company_was_shown_is_ignored(self, built: DbtWarehouse) -> None:
        clicked = {row["clicked_person_id"] for row in built.rows("fct_impressions") if row["is_clicked"]}
        # Whoever left is nobody in particular.
        assert clicked == {"ann", "erased"}

    def test_receipt_credits_the_click_of_somebody_else(self, built: DbtWarehouse) -> None:
        row = built.row("fct_impressions", source="api", prompt_id="haiku")
        assert (row["clicked_at"], row["purchased_at"]) == (at(TUESDAY, 1), at(TUESDAY, 2))


class TestFctSessions:
    def test_visitor_who_logs_in_goes_on_with_the_same_session(self, built: DbtWarehouse) -> None:
        row = built.row("fct_sessions", person_id="ann", started_at=at(MONDAY, 10))
        assert (row["ended_at"], row["event_count"]) == (at(MONDAY, 10), 1)
        row = built.row("fct_sessions", person_id="ann", started_at=at(MONDAY, 11))
        assert (row["ended_at"], row["event_count"]) == (at(MONDAY, 11), 1)
        row = built.row("fct_sessions", person_id="ann", started_at=at(MONDAY, 11, 45))
        assert (row["ended_at"], row["event_count"]) == (at(MONDAY, 12, 10), 4)

    def test_says_who_it_was_and_what_counts(self, built: DbtWarehouse) -> None:
        row = built.row("fct_sessions", person_id="operator")
        assert (row["view_count"], row["event_count"], row["is_counted"]) == (0, 1, False)
        organizations = {row["organization_id"] for row in built.rows("fct_sessions") if row["person_id"] == "ann"}
        assert organizations == {"buyers"}


class TestFctOrders:
    def test_holds_paid_orders_only(self, built: DbtWarehouse) -> None:
        assert [row["order_id"] for row in built.rows("fct_orders")] == ["o1", "o2", "o3", "o4"]

    def test_net_is_gross_minus_fee(self, built: DbtWarehouse) -> None:
        row = built.row("fct_orders", order_id="o1")
        amounts = (row["gross_amount"], row["fee_amount"], row["net_amount"])
        assert amounts == (Decimal("5.00"), Decimal("0.34"), Decimal("4.66"))

    def test_yen_have_no_minor_unit(self, built: DbtWarehouse) -> None:
        assert built.row("fct_orders", order_id="o2")["gross_amount"] == Decimal("700.00")

    def test_fee_is_unknown_until_stripe_says_it(self, built: DbtWarehouse) -> None:
        row = built.row("fct_orders", order_id="o3")
        assert (row["gross_amount"], row["fee_amount"], row["net_amount"]) == (Decimal("5.00"), None, None)

    def test_free_order_has_no_fee(self, built: DbtWarehouse) -> None:
        row = built.row("fct_orders", order_id="o4")
        assert (row["gross_amount"], row["fee_amount"], row["net_amount"]) == (0, 0, 0)


class TestFctRefunds:
    def test_holds_succeeded_refunds_with_both_days(self, built: DbtWarehouse) -> None:
        assert built.rows("fct_refunds") == [
            {
                "refund_id": "f1", "order_id": "o1", "prompt_id": "essay", "buyer_organization_id": "buyers",
                "seller_organization_id": "sellers", "refunded_amount": Decimal("2.00"), "currency": "GBP",
                "reason": "requested_by_customer", "refunded_at": at(date(2026, 3, 9), 8),
                "refunded_date": date(2026, 3, 9), "order_paid_date": TUESDAY,
            }
        ]  # fmt: skip


class TestFctOrderPayments:
    def test_says_of_an_order_what_stripe_booked(self, built: DbtWarehouse) -> None:
        columns = ("balance_transaction_id", "reporting_category", "gross_amount", "fee_amount", "net_amount")
        payments = [row for row in built.rows("fct_order_payments") if row["order_id"] == "o1"]
        assert [tuple(row[name] for name in columns) for row in payments] == [
            ("t1", "charge", Decimal("5.00"), Decimal("0.34"), Decimal("4.66")),
            ("t4", "refund", Decimal("-2.00"), Decimal("0.00"), Decimal("-2.00")),
        ]

    def test_what_stripe_converted_is_in_both_currencies(self, built: DbtWarehouse) -> None:
        row = built.row("fct_order_payments", order_id="o3")
        assert (row["gross_amount"], row["currency"], row["exchange_rate"]) == (Decimal("4.00"), "GBP", 0.8)
        assert (row["order_amount"], row["order_currency"]) == (Decimal("5.00"), "USD")

    def test_a_payout_is_no_order_s(self, built: DbtWarehouse) -> None:
        assert {row["order_id"] for row in built.rows("fct_order_payments")} == {"o1", "o2", "o3"}

    def test_money_of_a_kind_nobody_knows_is_told_and_that_of_a_dispute_is_not(self, built: DbtWarehouse) -> None:
        disputed = {"type": "adjustment", "source_object": "dispute", "fee_cents": 1500}
        unknown = {"reporting_category": "contribution", "fee_cents": 0}
        booked = [
            raw.booking("t5", "o2", at(TUESDAY, 9), amount_cents=-700, currency="JPY", reporting_category="dispute",
                        **disputed),
            raw.booking("t6", "", at(TUESDAY, 9), payment_intent_id=None, **unknown),
            raw.booking("t7", "o3", at(TUESDAY, 9), amount_cents=-80, source_amount_cents=-100, source_currency="USD",
                        **unknown),
        ]  # fmt: skip
        assert warned(built, {raw.BOOKINGS: booked}) == {BOOKINGS_ARE_KNOWN: 1, ORDERS_KEEP: 1}
        assert built.row("fct_order_payments", balance_transaction_id="t5")["net_amount"] == Decimal("-2200.00")

    def test_a_refund_that_is_not_booked_yet_is_told_after_an_hour(self, built: DbtWarehouse) -> None:
        before = warned(built, {})[ORDERS_KEEP]
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        told = [
            warned(built, {raw.REFUNDS: [raw.refund("f2", "o1", hour_ago + timedelta(minutes=minutes))]})[ORDERS_KEEP]
            for minutes in (30, -1)
        ]
        assert [count - before for count in told] == [0, 1]


class TestAggPromptsPerformanceDaily:
    def test_counts_clicks_on_the_day_the_list_was_served(self, built: DbtWarehouse) -> None:
        row = built.row("agg_prompts_performance_daily", prompt_id="essay", currency="GBP", performance_date=MONDAY)
        assert row == {
            "prompt_id": "essay", "performance_date": MONDAY, "currency": "GBP", "impression_count": 2,
            "click_count": 1, "view_count": 3, "unique_viewer_count": 2, "checkout_count": 0, "order_count": 0,
            "refund_count": 0, "gross_revenue_amount": 0, "refunded_amount": 0, "net_revenue_amount": 0,
            "click_through_rate": 0.5, "conversion_rate": 1.0,
        }  # fmt: skip

    def test_refund_counts_on_the_day_of_its_order(self, built: DbtWarehouse) -> None:
        assert built.row("agg_prompts_performance_daily", prompt_id="essay", performance_date=TUESDAY) == {
            "prompt_id": "essay", "performance_date": TUESDAY, "currency": "GBP", "impression_count": 1,
            "click_count": 0, "view_count": 0, "unique_viewer_count": 0, "checkout_count": 2, "order_count": 1,
            "refund_count": 1, "gross_revenue_amount": Decimal(5), "refunded_amount": Decimal(2),
            "net_revenue_amount": Decimal(3), "click_through_rate": 0.0, "conversion_rate": None,
        }  # fmt: skip

    def test_money_of_another_currency_has_a_row_without_traffic(self, built: DbtWarehouse) -> None:
        row = built.row("agg_prompts_performance_daily", prompt_id="essay", currency="USD")
        counts = (row["impression_count"], row["view_count"], row["order_count"], row["click_through_rate"])
        assert counts == (0, 0, 1, None)

    def test_visitor_who_logs_in_is_one_viewer(self, built: DbtWarehouse) -> None:
        row = built.row("agg_prompts_performance_daily", prompt_id="sonnet", performance_date=MONDAY)
        assert (row["view_count"], row["unique_viewer_count"]) == (3, 1)


class TestAggSellersPerformanceDaily:
    def test_somebody_who_saw_two_prompts_is_one_viewer(self, built: DbtWarehouse) -> None:
        row = built.row("agg_sellers_performance_daily", performance_date=MONDAY, currency="GBP")
        assert (row["view_count"], row["unique_viewer_count"]) == (6, 2)

    def test_currencies_are_kept_apart(self, built: DbtWarehouse) -> None:
        rows = built.rows("agg_sellers_performance_daily")
        gross = {(row["performance_date"], row["currency"]): row["gross_revenue_amount"] for row in rows}
        assert gross == {
            (MONDAY, "GBP"): 0, (MONDAY, "JPY"): 0, (MONDAY, "USD"): Decimal(5),
            (TUESDAY, "GBP"): Decimal(5), (TUESDAY, "JPY"): Decimal(700),
        }  # fmt: skip

    def test_rates_come_from_sums(self, built: DbtWarehouse) -> None:
        row = built.row("agg_sellers_performance_daily", performance_date=MONDAY, currency="GBP")
        assert (row["click_through_rate"], row["conversion_rate"]) == (0.5, 1.0)


class TestAggMarketplaceDaily:
    def test_counts_a_person_once_whatever_was_looked_at(self, built: DbtWarehouse) -> None:
        row = built.row("agg_marketplace_daily", performance_date=MONDAY, currency="GBP")
        assert (row["view_count"], row["unique_viewer_count"]) == (6, 2)

    def test_counts_who_bought_and_who_sold_in_each_currency(self, built: DbtWarehouse) -> None:
        parties = {
            row["currency"]: (row["order_count"], row["unique_buyer_count"], row["active_seller_count"])
            for row in built.rows("agg_marketplace_daily")
            if row["performance_date"] == TUESDAY
        }
        assert parties == {"GBP": (1, 1, 1), "JPY": (1, 1, 1)}


class TestAggCategoriesPerformanceDaily:
    def test_prompts_listed_nowhere_have_a_row_of_their_own(self, built: DbtWarehouse) -> None:
        row = built.row("agg_categories_performance_daily", category="", performance_date=TUESDAY)
        assert (row["currency"], row["order_count"], row["gross_revenue_amount"]) == ("JPY", 1, Decimal(700))


class TestFeatPromptsDaily:
    def test_a_person_is_one_impression_and_one_click_a_day_and_the_last_moment_is_known(
        self, built: DbtWarehouse
    ) -> None:
        columns = ("prompt_id", "activity_date", "impression_count", "click_count", "latest_at")
        assert [tuple(row[name] for name in columns) for row in built.rows("feat_prompts_daily")] == [
            # Whoever clicked is another person than the visit that the list was served to.
            ("essay", MONDAY, 2, 0, at(TUESDAY, 0, 10)),
            ("essay", TUESDAY, 1, 1, at(TUESDAY, 9)),
            ("haiku", MONDAY, 1, 0, at(TUESDAY, 1)),
            ("haiku", TUESDAY, 1, 1, at(TUESDAY, 9)),
            # Two lists of one visit.
            ("sonnet", TUESDAY, 1, 0, at(TUESDAY, 8, 30)),
        ]

    def test_a_ranking_takes_them_as_they_are_when_all_of_the_day_is_past(self, built: DbtWarehouse) -> None:
        counted = {
            (row["prompt_id"], row["activity_date"]): (row["impression_count"], row["click_count"])
            for row in built.rows("feat_prompts_daily")
        }
        assert read_traffic(built, as_of=at(TUESDAY, 23)) == counted

    def test_a_ranking_of_before_a_click_counts_the_day_without_it(self, built: DbtWarehouse) -> None:
        traffic = read_traffic(built, as_of=at(TUESDAY, 0, 5))
        assert traffic == {("essay", MONDAY): (1, 0), ("haiku", MONDAY): (1, 0)}


def read_traffic(built: DbtWarehouse, *, as_of: datetime) -> dict[tuple[str, date], tuple[int, int]]:
    """Impressions and clicks of each prompt and day that a ranking of a moment counts."""
    activity = read_activity(built.url, as_of=as_of, window_days=28).iter_rows(named=True)
    return {
        (row["prompt_id"], row["activity_date"]): (row["impression_count"], row["click_count"])
        for row in activity
        if row["impression_count"] or row["click_count"]
    }
