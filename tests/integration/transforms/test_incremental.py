"""What a later load changes in marts that are there already."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from orchestration.transformation.environment import environment_variables, made_environment
from tests.integration.transforms import raw_rows as raw
from tests.integration.transforms.dbt_warehouse import DbtWarehouse
from warehouse.databases import connect

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 3, 12, tzinfo=UTC)
SATURDAY = datetime(2026, 3, 7, 12, tzinfo=UTC)
SUNDAY = datetime(2026, 3, 8, 12, tzinfo=UTC)

LOADS = [
    {
        raw.ORGANIZATIONS: [raw.organization("sellers"), raw.organization("buyers")],
        raw.PROMPTS: [
            raw.prompt(name, "sellers") for name in ("bought", "clicked", "moved", "refunded", "repriced", "still")
        ],
        raw.PROMPT_STATES: [raw.prompt_state("moved", 1, raw.LONG_AGO, price_cents=300)],
        raw.EVENTS: [
            raw.served("list 1", MONDAY, "r1", ["clicked", "moved", "late", "still"]),
            raw.served("list 2", TUESDAY, "r2", ["moved"]),
            raw.served("list of the repriced", MONDAY, "r3", ["repriced"]),
            raw.served("list of the bought", MONDAY, "r4", ["bought"]),
            raw.clicked("click on the bought", MONDAY, "r4", "bought"),
            raw.clicked("first click on moved", MONDAY, "r1", "moved", position=2),
            raw.viewed("view of the late", MONDAY, "late"),
            raw.viewed("on the phone", MONDAY, "still", user_id="ann", anonymous_id="phone", session_id=None),
            raw.viewed("on the tablet", MONDAY, "still", user_id="ann", anonymous_id="tablet", session_id=None),
            raw.viewed("the only view of its day", SATURDAY, "still", user_id="eve"),
            *(
                raw.viewed(
                    f"{name} by {user}", at + later, "still", user_id=named, anonymous_id=device, session_id=None
                )
                for user, device, at in (("bob", "desk", SUNDAY), ("cid", "sofa", MONDAY))
                for name, later, named in (("first", timedelta(), user), ("second", timedelta(minutes=5), None))
            ),
            raw.checkout("checkout without a prompt", MONDAY, "o late", None),
        ],
        raw.ORDERS: [
            raw.order("o moved", "moved", "ann", SUNDAY),
            raw.order("o refunded", "refunded", "ann", MONDAY),
            raw.order("o pending", "still", "ann", None),
        ],
        raw.REFUNDS: [
            raw.refund("doomed", "o refunded", TUESDAY, amount_cents=100),
            raw.refund("before its order", "o late", TUESDAY),
        ],
    },
    {
        raw.PROMPTS: [
            raw.prompt("late", "sellers"),
            raw.prompt("repriced", "sellers", currency="USD", price_cents=900),
        ],
        raw.PROMPT_STATES: [raw.prompt_state("moved", 2, TUESDAY + timedelta(days=1), price_cents=800)],
        raw.EVENTS: [
            raw.clicked("late click", SUNDAY, "r1", "clicked"),
            raw.clicked("closer click on moved", TUESDAY, "r2", "moved"),
            *(
                raw.viewed(f"later at the {device}", at, "still", user_id=None, anonymous_id=device, session_id=None)
                for device, at in (
                    ("desk", SUNDAY + timedelta(minutes=10)),
                    ("sofa", MONDAY + timedelta(minutes=10)),
                )
            ),
            raw.viewed("again on the phone", TUESDAY, "moved", user_id="ann", anonymous_id="phone", session_id=None),
            raw.viewed("again on the tablet", SUNDAY, "moved", user_id="ann", anonymous_id="tablet", session_id=None),
        ],
        raw.ORDERS: [
            raw.order("o bought", "bought", "ann", TUESDAY),
            raw.order("o late", "late", "ann", MONDAY),
            raw.order("o pending", "still", "ann", TUESDAY),
            raw.order("o of a day with a view", "still", "ann", SATURDAY),
        ],
        raw.REFUNDS: [
            raw.refund("doomed", "o refunded", None, amount_cents=100, status="failed"),
            raw.refund("second", "o refunded", SUNDAY),
        ],
    },
]


@pytest.fixture(scope="module")
def built(dbt_warehouse: DbtWarehouse) -> DbtWarehouse:
    for load in LOADS:
        dbt_warehouse.load(load)
        dbt_warehouse.dbt("run")
    dbt_warehouse.dbt("test", "--select", "test_type:data")
    return dbt_warehouse


class TestIncrementalRun:
    def test_late_click_reaches_its_old_impression(self, built: DbtWarehouse) -> None:
        assert built.row("fct_impressions", prompt_id="clicked")["clicked_at"] == SUNDAY
        row = built.row("agg_prompts_performance_daily", prompt_id="clicked")
        assert (row["performance_date"], row["click_count"]) == (MONDAY.date(), 1)

    def test_purchase_moves_to_the_click_that_turned_out_closer(self, built: DbtWarehouse) -> None:
        assert built.row("fct_impressions", prompt_id="moved", receipt_id="r1")["is_purchased"] is False
        assert built.row("fct_impressions", prompt_id="moved", receipt_id="r2")["purchased_at"] == SUNDAY
        rates = {
            row["performance_date"]: row["conversion_rate"]
            for row in built.rows("agg_prompts_performance_daily")
            if row["prompt_id"] == "moved"
        }
        assert rates == {MONDAY.date(): 0.0, TUESDAY.date(): 1.0, SUNDAY.date(): None}

    def test_impressions_and_views_wait_for_their_prompt(self, built: DbtWarehouse) -> None:
        assert built.row("fct_impressions", prompt_id="late")["seller_organization_id"] == "sellers"
        row = built.row("agg_prompts_performance_daily", prompt_id="late")
        assert (row["impression_count"], row["view_count"]) == (1, 1)

    def test_refund_and_checkout_wait_for_their_order(self, built: DbtWarehouse) -> None:
        assert built.row("fct_refunds", refund_id="before its order")["prompt_id"] == "late"
        row = built.row("agg_prompts_performance_daily", prompt_id="late")
        assert (row["checkout_count"], row["refund_count"], row["refunded_amount"]) == (1, 1, Decimal(2))

    def test_refund_that_failed_after_all_is_gone(self, built: DbtWarehouse) -> None:
        refunds = [row["refund_id"] for row in built.rows("fct_refunds") if row["order_id"] == "o refunded"]
        assert refunds == ["second"]

    def test_refund_restates_the_day_of_its_order(self, built: DbtWarehouse) -> None:
        row = built.row("agg_prompts_performance_daily", prompt_id="refunded")
        assert (row["performance_date"], row["refunded_amount"]) == (MONDAY.date(), Decimal(2))

    def test_price_that_became_known_late_reaches_the_facts_since(self, built: DbtWarehouse) -> None:
        assert built.row("fct_orders", order_id="o moved")["list_price_amount"] == Decimal(8)
        shown = {row["list_price_amount"] for row in built.rows("fct_impressions") if row["prompt_id"] == "moved"}
        assert shown == {Decimal(3)}

    def test_order_appears_once_it_is_paid(self, built: DbtWarehouse) -> None:
        assert built.row("fct_orders", order_id="o pending")["paid_date"] == date(2026, 3, 3)

    @pytest.mark.parametrize(
        "whole", ["agg_marketplace_daily", "agg_categories_performance_daily", "agg_sellers_performance_daily"]
    )
    def test_order_leaves_who_looked_on_its_day(self, built: DbtWarehouse, whole: str) -> None:
        row = built.row(whole, performance_date=SATURDAY.date())
        assert (row["view_count"], row["unique_viewer_count"], row["order_count"]) == (1, 1, 1)

    def test_order_leaves_what_the_ranking_counts_of_its_impression(self, built: DbtWarehouse) -> None:
        assert built.row("fct_impressions", prompt_id="bought")["purchased_at"] == TUESDAY
        with connect(built.url) as connection:
            written = connection.execute(
                "select distinct prompt_id from features.feat_prompts_daily"
                " where _built_at = (select max(_built_at) from features.feat_prompts_daily)"
            ).fetchall()
        assert {row["prompt_id"] for row in written} == {"clicked", "late", "moved"}

    def test_traffic_follows_the_currency_of_its_prompt(self, built: DbtWarehouse) -> None:
        row = built.row("agg_prompts_performance_daily", prompt_id="repriced")
        assert (row["currency"], row["impression_count"]) == ("USD", 1)
        assert built.row("agg_sellers_performance_daily", currency="USD")["impression_count"] == 1

    def test_writes_only_what_changed(self, built: DbtWarehouse) -> None:
        with connect(built.url) as connection:
            found = connection.execute(
                "select prompt_id, max(_built_at) = (select max(_built_at) from marts_build.fct_impressions) as is_new"
                " from marts_build.fct_impressions group by prompt_id"
            ).fetchall()
        assert {row["prompt_id"] for row in found if not row["is_new"]} == {"still", "repriced"}

    @pytest.mark.parametrize(("user", "began"), [("bob", SUNDAY), ("cid", MONDAY)])
    def test_session_goes_on_with_what_is_done_on_its_device_lately_or_long_ago(
        self, built: DbtWarehouse, user: str, began: datetime
    ) -> None:
        row = built.row("fct_sessions", person_id=user)
        assert (row["event_count"], row["started_at"]) == (3, began)
        assert row["ended_at"] == began + timedelta(minutes=10)

    def test_sightings_that_say_what_is_known_are_read_by_one_run_alone(self, built: DbtWarehouse) -> None:
        with connect(built.url) as connection:
            [read_until] = connection.execute("select max(_built_at) from intermediate.int_persons_stitched").fetchall()
            [arrived] = connection.execute("select max(_built_at) from intermediate.int_activities_recorded").fetchall()
            written = connection.execute(
                "select device_id from intermediate.int_persons_stitched where _built_at = %(max)s", read_until
            ).fetchall()
        assert read_until == arrived
        assert [row["device_id"] for row in written] == ["anonymous:tablet"]

    def test_run_without_news_writes_nothing(self, built: DbtWarehouse) -> None:
        results = built.dbt("run", "--select", "config.materialized:incremental")
        written = {item.node.name: item.adapter_response.get("rows_affected") for item in results}
        assert set(written.values()) == {0}, written

    def test_table_that_nothing_came_into_looks_no_further_back_than_others_were_made(
        self, built: DbtWarehouse
    ) -> None:
        with environment_variables(made_environment(built.loaded_at)):
            [result] = built.dbt("run", "--select", "fct_prompt_runs")
        assert built.rows("fct_prompt_runs") == []
        assert f"_loaded_at > cast('{built.loaded_at}' as timestamptz)" in result.node.compiled_code

    def test_clock_that_was_set_back_stops_the_run(self, built: DbtWarehouse) -> None:
        move = "update marts_build.agg_prompts_performance_daily set _built_at = _built_at {} interval '1 year'"
        with connect(built.url, autocommit=True) as connection:
            connection.execute(move.format("+"))
            with pytest.raises(AssertionError, match="The clock was set back"):
                built.dbt("run", "--select", "agg_prompts_performance_daily")
            connection.execute(move.format("-"))
