"""What the checks of a run find, and that it stops the publication. Each test goes on from what the last one left."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from psycopg.rows import DictRow

from orchestration.checks.attribution import IMPRESSIONS_CREDITED
from orchestration.checks.building import read_scope_since
from orchestration.checks.events import EVENT_RECONCILIATIONS
from orchestration.checks.marts import RECONCILIATIONS
from orchestration.checks.reconciliation import Reconciliation, differences_statement
from orchestration.checks.traffic import SEARCH_CLICKS
from orchestration.outcome import RunOutcome
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import (
    FIRST_DAY,
    add_orders,
    add_stripe_order,
    confirm_stripe_order,
    read,
)
from tests.integration.orchestration.running import execute, published, run
from warehouse.databases import connect
from warehouse.publication.tested import AlreadyTested

Connection = psycopg.Connection[DictRow]

AMOUNTS = "marts_build.agg_prompts_performance_daily: assert_performance_amounts_equal_facts"
LEDGER = "raw_events.events: events_reconciles_with_event_batches"


class TestFailedChecks:
    def test_an_amount_that_went_wrong_in_a_mart_stops_the_publication(
        self, place: Place, first_run: RunOutcome
    ) -> None:
        before = published(place.warehouse_url)
        change_one_order(place, Decimal("0.01"))
        add_orders(place.database_url, prefix="with-it-", paid_at=FIRST_DAY + timedelta(days=5))
        outcome = run()
        assert not outcome.is_successful
        assert outcome.publication_id is None
        assert AMOUNTS in outcome.failed_checks
        assert published(place.warehouse_url) == before

    def test_with_nothing_new_it_is_tested_and_refused_again(self, place: Place, first_run: RunOutcome) -> None:
        outcome = run()
        assert set(outcome.loaded_rows.values()) == {0}
        assert AMOUNTS in outcome.failed_checks

    def test_after_the_repair_the_next_run_publishes(self, place: Place, first_run: RunOutcome) -> None:
        change_one_order(place, Decimal("-0.01"))
        assert run().is_successful

    def test_an_amount_that_stripe_does_not_confirm_stops_the_publication(
        self, place: Place, first_run: RunOutcome
    ) -> None:
        before = published(place.warehouse_url)
        add_stripe_order(place.database_url, amount_cents=1000, confirmed_cents=900)
        outcome = run()
        assert outcome.failed_checks == ["marts_build.fct_orders: fct_orders_reconciles_with_raw_webhook_messages"]
        assert outcome.failures == []
        assert published(place.warehouse_url) == before

    def test_once_stripe_confirms_it_the_next_run_publishes(self, place: Place, first_run: RunOutcome) -> None:
        confirm_stripe_order(place.database_url, confirmed_cents=1000)
        outcome = run()
        assert outcome.is_successful
        assert outcome.changed_mart_rows["fct_orders"] == 1

    def test_what_goes_wrong_by_hand_is_refused_though_nothing_is_new(
        self, place: Place, first_run: RunOutcome
    ) -> None:
        before = published(place.warehouse_url)
        change_one_order(place, Decimal("0.01"))
        outcome = run()
        change_one_order(place, Decimal("-0.01"))
        assert "marts_build.fct_orders: fct_orders_reconciles_with_raw_orders" in outcome.failed_checks
        assert "marts_build.fct_orders" in outcome.kept_tables
        assert published(place.warehouse_url) == before

    def test_an_hour_that_no_load_brought_is_loaded_again(self, place: Place, first_run: RunOutcome) -> None:
        with connect(place.warehouse_url) as connection:
            lost = connection.execute("delete from raw_events.events where batch_id = 1000").rowcount
            connection.execute("delete from raw_events.event_batches where batch_id = 1000")
        assert run().is_successful
        [filled] = read(place.warehouse_url, "select missing_batches, missing_events from control.filled_gaps")
        assert filled == {"missing_batches": 1, "missing_events": lost}
        [arrived] = read(place.warehouse_url, "select count(*) as events from raw_events.events where batch_id = 1000")
        assert arrived == {"events": lost}

    def test_one_lost_event_is_refused_though_nothing_is_new(self, place: Place, first_run: RunOutcome) -> None:
        before = published(place.warehouse_url)
        execute(place.warehouse_url, "update raw_events.event_batches set stored_count = stored_count + 1")
        outcome = run()
        assert outcome.failed_checks == [LEDGER]
        assert published(place.warehouse_url) == before

    def test_it_stops_a_run_before_anything_is_built(self, place: Place, first_run: RunOutcome) -> None:
        before = published(place.warehouse_url)
        add_orders(place.database_url, prefix="with-a-loss-", paid_at=FIRST_DAY + timedelta(days=6))
        outcome = run()
        assert outcome.failed_checks == [LEDGER]
        assert outcome.kept_tables == []
        assert published(place.warehouse_url) == before

    def test_once_it_is_found_the_next_run_publishes(self, place: Place, first_run: RunOutcome) -> None:
        execute(place.warehouse_url, "update raw_events.event_batches set stored_count = stored_count - 1")
        assert run().is_successful


ALL_RECONCILIATIONS = (*EVENT_RECONCILIATIONS, *RECONCILIATIONS)
SABOTAGE = {
    "events_reconciles_with_event_batches": [
        "delete from raw_events.events where event_id = 'served-5'",
        "update raw_events.events set batch_id = 7, _loaded_at = '2020-01-01' where event_id = 'served-5'",
        "update raw_events.event_batches set stored_count = stored_count + 1",
    ],
    "fct_orders_reconciles_with_raw_orders": [
        "delete from marts_build.fct_orders where external_id = 'order-4'",
        "update marts_build.fct_orders set gross_amount = gross_amount + 0.01 where external_id = 'order-4'",
        "update marts_build.fct_orders set currency = 'EUR' where external_id = 'order-4'",
        "update marts_build.fct_orders set fee_amount = fee_amount + 0.01 where external_id = 'order-4'",
    ],
    "fct_refunds_reconciles_with_raw_refunds": [
        "delete from marts_build.fct_refunds where refund_id = (select min(refund_id) from marts_build.fct_refunds)",
        "update marts_build.fct_refunds set refunded_amount = refunded_amount - 1",
    ],
    "fct_order_payments_reconciles_with_raw_balance_transactions": [
        "delete from marts_build.fct_order_payments",
        "update marts_build.fct_order_payments set net_amount = net_amount + 0.01",
        "update raw_stripe.balance_transactions set currency = 'EUR'",
    ],
    "fct_impressions_reconciles_with_raw_events": [
        "delete from marts_build.fct_impressions where receipt_id = 'receipt-5'",
        "update raw_events.events set properties = '{}' where event_id = 'served-5'",
    ],
    "agg_prompts_performance_daily_reconciles_with_raw_events": [
        "update marts_build.agg_prompts_performance_daily set view_count = view_count + 1",
        "update marts_build.agg_prompts_performance_daily set checkout_count = checkout_count + 1",
        "update raw_events.events set event_name = 'prompt.viewed' where event_name = 'prompt.clicked'",
        "update raw_events.events set event_name = 'checkout.started' where event_name = 'prompt.clicked'",
    ],
    "fct_searches_reconciles_with_raw_events": [
        "update raw_events.events set event_name = 'search.performed' where event_id = 'served-5'",
    ],
    "agg_search_terms_daily_reconciles_with_raw_events": [
        """update raw_events.events set event_name = 'search.performed', properties = '{"query": "plan"}'"""
        " where event_id = 'served-5'",
        "insert into marts_build.agg_search_terms_daily (search_term, searched_date, search_count, zero_result_count,"
        " unique_searcher_count, click_count, _source_loaded_at, _built_at)"
        " values ('plan', '2026-03-02', 0, 0, 1, 0, now(), now())",
    ],
    "agg_search_terms_daily_reconciles_with_raw_lists": [
        """update raw_events.events set properties = properties || '{"query": "plan"}' where event_id = 'served-1'""",
    ],
    "fct_prompt_runs_reconciles_with_raw_events": [
        "update raw_events.events set event_name = 'prompt.executed' where event_name = 'prompt.clicked'",
    ],
    "fct_sessions_reconciles_with_raw_events": [
        "delete from marts_build.fct_sessions where ctid = (select min(ctid) from marts_build.fct_sessions)",
        "update marts_build.fct_sessions set view_count = view_count + 1",
        "update marts_build.fct_sessions set click_count = 0",
        "update marts_build.fct_sessions set search_count = search_count + 1",
        "delete from raw_events.events where event_id = 'served-5'",
    ],
    "fct_impressions_reconciles_with_raw_clicks": [
        "delete from raw_events.events where event_id = 'clicked-served-1'",
    ],
    "fct_impressions_has_its_clicks_and_orders": [
        "update marts_build.fct_impressions set is_purchased = true, _built_at = now()"
        " where receipt_id = 'receipt-1' and not is_purchased",
        "update marts_build.fct_impressions set is_clicked = false where receipt_id = 'receipt-1' and is_clicked",
    ],
    "agg_marketplace_daily_reconciles_with_raw_persons": [
        "update marts_build.agg_marketplace_daily set unique_buyer_count = unique_buyer_count + 1",
        "delete from raw_app.orders where external_id = 'order-4'",
    ],
    "fct_reviews_reconciles_with_raw_reviews": [
        "insert into raw_app.reviews (review_id, prompt_id, rating, _loaded_at)"
        " select 'lost', min(prompt_id), 5, now() from raw_app.prompts",
    ],
    "agg_prompts_performance_daily_reconciles_with_facts": [
        "update marts_build.agg_prompts_performance_daily set click_count = click_count + 1",
        "update marts_build.agg_prompts_performance_daily set refunded_amount = refunded_amount + 1",
        "delete from marts_build.agg_prompts_performance_daily where currency = 'JPY'",
        "delete from marts_build.fct_orders where external_id = 'order-4'",
        "update marts_build.fct_impressions set is_clicked = false where receipt_id = 'receipt-1' and is_clicked",
    ],
    "agg_sellers_performance_daily_reconciles_with_facts": [
        "update marts_build.agg_sellers_performance_daily set gross_revenue_amount = gross_revenue_amount * 2",
    ],
    "agg_categories_performance_daily_reconciles_with_facts": [
        "update marts_build.agg_categories_performance_daily set impression_count = impression_count + 1",
    ],
    "agg_marketplace_daily_reconciles_with_facts": [
        "update marts_build.agg_marketplace_daily set conversion_rate = 0 where conversion_rate > 0",
    ],
    "rank_prompts_contributions_add_up": [
        "update marts_build.rank_prompts set score = score + 0.000002 where rank = 1",
        "update marts_build.rank_prompts set contributions = '[]' where rank = 1",
    ],
    "rank_prompts_follows_scores": [
        "update marts_build.rank_prompts set rank = 1000 where rank = 2",
        "update marts_build.rank_prompts set score = score + 100 where rank = 2",
    ],
}


class TestReconciliations:
    @pytest.mark.parametrize("reconciliation", ALL_RECONCILIATIONS, ids=lambda reconciliation: reconciliation.name)
    def test_find_nothing_in_a_sound_build(
        self, place: Place, first_run: RunOutcome, reconciliation: Reconciliation
    ) -> None:
        assert read(place.warehouse_url, differences_statement(reconciliation)) == []

    @pytest.mark.parametrize(
        ("name", "sabotage"), [(name, sabotage) for name, listed in SABOTAGE.items() for sabotage in listed]
    )
    def test_find_what_went_wrong(self, place: Place, first_run: RunOutcome, name: str, sabotage: str) -> None:
        [reconciliation] = [known for known in ALL_RECONCILIATIONS if known.name == name]
        with connect(place.warehouse_url) as connection:
            assert connection.execute(sabotage.encode()).rowcount > 0
            found = connection.execute(differences_statement(reconciliation).encode()).fetchall()
            in_scope = differences_since(connection, reconciliation, NEVER)
            connection.rollback()
        assert found
        assert in_scope == found

    @pytest.mark.parametrize(
        ("column", "source"), [("is_clicked", "int_clicks_matched"), ("is_purchased", "int_orders_credited")]
    )
    def test_find_a_new_click_or_order_that_its_impression_was_not_built_for(
        self, place: Place, first_run: RunOutcome, column: str, source: str
    ) -> None:
        with connect(place.warehouse_url) as connection:
            tested = AlreadyTested(**connection.execute(TESTED).fetchall()[0])
            before = differences_since(connection, IMPRESSIONS_CREDITED, tested)
            one = f"(select min(impression_id) from marts_build.fct_impressions where {column})"
            newer = f"update intermediate.{source} set _built_at = now() + interval '1 day' where impression_id = {one}"
            forgotten = f"update marts_build.fct_impressions set {column} = false where impression_id = {one}"
            assert [connection.execute(change.encode()).rowcount > 0 for change in (newer, forgotten)] == [True, True]
            found = differences_since(connection, IMPRESSIONS_CREDITED, tested)
            connection.rollback()
        assert (len(before), len(found)) == (0, 1)

    @pytest.mark.parametrize(
        ("column", "source"), [("is_clicked", "int_clicks_matched"), ("is_purchased", "int_orders_credited")]
    )
    def test_find_an_impression_that_kept_what_is_owed_to_it_no_more(
        self, place: Place, first_run: RunOutcome, column: str, source: str
    ) -> None:
        one = f"(select min(impression_id) from marts_build.fct_impressions where {column})"
        moved = f"""
            update intermediate.{source} set impression_id = null, _built_at = now() + interval '1 day'
            where impression_id = {one}
        """
        with connect(place.warehouse_url) as connection:
            tested = AlreadyTested(**connection.execute(TESTED).fetchall()[0])
            assert connection.execute(moved.encode()).rowcount > 0
            found = differences_since(connection, IMPRESSIONS_CREDITED, tested)
            connection.rollback()
        assert [(row[f"expected_{column}"], row[f"found_{column}"]) for row in found] in [
            [(None, True)],
            [(False, True)],
        ]

    @pytest.mark.parametrize(("published_as_clicked", "found_days"), [(False, 1), (True, 0)])
    def test_find_a_new_click_in_a_search_of_a_day_of_which_purchased_impressions_alone_were_built(
        self, place: Place, first_run: RunOutcome, published_as_clicked: bool, found_days: int
    ) -> None:
        one = "(select min(impression_id) from marts_build.fct_impressions where is_clicked and is_counted)"
        of_search = f"""
            update raw_events.events set properties = properties || '{{"query": "plan"}}'
            where properties ->> 'receipt_id'
                = (select receipt_id from marts_build.fct_impressions where impression_id = {one})
        """
        bought = f"""
            update marts_build.fct_impressions set is_purchased = true, _built_at = now() + interval '1 day'
            where impression_id = {one}
        """
        before = f"update marts.fct_impressions set is_clicked = {published_as_clicked} where impression_id = {one}"
        with connect(place.warehouse_url) as connection:
            tested = AlreadyTested(**connection.execute(TESTED).fetchall()[0])
            changes = [connection.execute(change.encode()).rowcount > 0 for change in (of_search, bought, before)]
            found = differences_since(connection, SEARCH_CLICKS, tested)
            connection.rollback()
        assert changes == [True, True, True]
        # The model forgot the click: no term of that day was built.
        assert len(found) == found_days


NEVER = AlreadyTested(datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC))
TESTED = "select loaded_through, built_through from control.tested_build"


def differences_since(
    connection: Connection, reconciliation: Reconciliation, tested: AlreadyTested
) -> list[dict[str, object]]:
    """What a run finds that compares what was not tested before."""
    scope = read_scope_since(connection, reconciliation, tested)
    return connection.execute(differences_statement(reconciliation, scope).encode()).fetchall()


def change_one_order(place: Place, amount: Decimal) -> None:
    with connect(place.warehouse_url) as connection:
        connection.execute(
            "update marts_build.fct_orders set gross_amount = gross_amount + %(amount)s,"
            " net_amount = net_amount + %(amount)s where external_id = 'order-2'",
            {"amount": amount},
        )
