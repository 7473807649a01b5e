"""Whole pipeline runs over a small marketplace. Each class goes on from what the one before it left published."""

from datetime import datetime, timedelta
from decimal import Decimal

import duckdb
import pytest
from dagster import AssetKey

from orchestration.checks.events import EVENT_RECONCILIATIONS
from orchestration.checks.marts import RECONCILIATIONS
from orchestration.checks.reconciliation import Reconciliation, differences_statement
from orchestration.definitions import dbt_tables, definitions
from orchestration.outcome import RunOutcome
from orchestration.run import StepProgress, run_configuration, run_pipeline
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import (
    FIRST_DAY,
    add_orders,
    add_stripe_order,
    confirm_stripe_order,
    read,
    read_value,
)
from warehouse.databases import connect
from warehouse.loading import load_all
from warehouse.settings import get_settings

MID_MARCH = FIRST_DAY + timedelta(days=15)

RANKS = "select surface, segment, rank, prompt_id, score, contributions from marts.rank_prompts order by 1, 2, 3"


DBT_TABLES = dbt_tables.keys


@pytest.fixture(scope="module")
def first_run(place: Place) -> RunOutcome:
    return run(place)


def run(place: Place, *, as_of: datetime | None = None) -> RunOutcome:
    return run_pipeline(get_settings(), as_of=as_of)


class TestFirstRun:
    def test_succeeds_and_publishes(self, place: Place, first_run: RunOutcome) -> None:
        assert (first_run.failures, first_run.failed_checks, first_run.is_successful) == ([], [], True)
        current = read_value(place.warehouse_url, "select publication_id from marts.publications")
        assert first_run.publication_id == current

    def test_every_paid_order_is_published_to_the_cent(self, place: Place, first_run: RunOutcome) -> None:
        charged = read(
            place.database_url,
            "select count(*) as n, sum(amount_cents * case currency when 'JPY' then 1.00 else 0.01 end) as gross"
            " from orders",
        )
        published = read(place.warehouse_url, "select count(*) as n, sum(gross_amount) as gross from marts.fct_orders")
        assert published == charged

    def test_every_served_item_is_an_impression(self, place: Place, first_run: RunOutcome) -> None:
        assert first_run.mart_rows["fct_impressions"] == 160
        assert first_run.loaded_rows["raw_app.orders"] == 60

    def test_ranks_are_of_the_time_of_the_load(self, place: Place, first_run: RunOutcome) -> None:
        loaded_at = read_value(place.warehouse_url, "select max(loaded_at) from control.load_watermarks")
        assert isinstance(loaded_at, datetime)
        assert first_run.as_of == loaded_at.isoformat()

    def test_the_snapshot_holds_the_same_marts(self, place: Place, first_run: RunOutcome) -> None:
        statement = (
            "select currency, count(*), sum(gross_amount)::decimal(18, 2) from marts.fct_orders group by 1 order by 1"
        )
        with duckdb.connect(str(place.data_dir / "snapshots" / "latest.duckdb"), read_only=True) as snapshot:
            found = snapshot.execute(statement).fetchall()
        assert found == [tuple(row.values()) for row in read(place.warehouse_url, statement)]

    def test_ops_find_the_run_in_dagsters_records(self, place: Place, first_run: RunOutcome) -> None:
        from dagster import DagsterInstance

        with DagsterInstance.from_config(str(place.data_dir / "dagster")) as instance:
            recorded = instance.get_run_by_id(first_run.run_id)
        assert recorded is not None
        assert recorded.is_success


class TestSecondRun:
    def test_with_nothing_new_changes_no_row(self, place: Place, first_run: RunOutcome) -> None:
        again = run(place)
        assert again.is_successful
        assert set(again.loaded_rows.values()) == {0}
        assert set(again.changed_mart_rows.values()) == {0}
        assert again.publication_id != first_run.publication_id
        # Of dbt's tables none was made again; ranks are of the new moment all the same.
        assert again.kept_tables == [".".join(key.path) for key in sorted(DBT_TABLES)]
        assert again.as_of != first_run.as_of

    def test_takes_up_what_is_new_and_nothing_else(self, place: Place, first_run: RunOutcome) -> None:
        add_orders(place.database_url, prefix="new-", paid_at=FIRST_DAY + timedelta(days=3), count=2)
        told: list[StepProgress] = []
        outcome = run_pipeline(get_settings(), on_progress=told.append)
        assert outcome.loaded_rows["raw_app.orders"] == 2
        assert outcome.changed_mart_rows["fct_orders"] == 2
        assert outcome.changed_mart_rows["fct_impressions"] == 0
        # And tells of each step as it begins and ends.
        names = [progress.name for progress in told if progress.seconds is None]
        assert (names[0], names[2]) == ("load_raw_tables", "build_dbt_tables")
        assert names[1].endswith("events_reconciles_with_event_batches")
        assert names[-3:] == ["marts.publications", "snapshots.latest", "control.erasures"]
        assert len(told) == 2 * len(names)
        # A dimension that no order can change was left alone.
        assert "marts_build.dim_organizations" in outcome.kept_tables
        assert "marts_build.fct_orders" not in outcome.kept_tables

    def test_another_project_makes_every_table_again(self, place: Place, first_run: RunOutcome) -> None:
        execute(place, "update control.finished_build set project = 'as it was before'")
        assert run(place).kept_tables == []

    def test_a_table_that_is_gone_makes_every_table_again(self, place: Place, first_run: RunOutcome) -> None:
        execute(place, "drop view staging.stg_app__users")
        outcome = run(place)
        assert (outcome.failures, outcome.kept_tables) == ([], [])

    def test_what_a_run_loaded_that_built_nothing_is_built_by_the_next(
        self, place: Place, first_run: RunOutcome
    ) -> None:
        add_orders(place.database_url, prefix="stranded-", paid_at=FIRST_DAY + timedelta(days=4))
        load_all(place.database_url, place.warehouse_url)
        outcome = run(place)
        assert outcome.loaded_rows["raw_app.orders"] == 0
        assert outcome.changed_mart_rows["fct_orders"] == 1


class TestPartOfTheTables:
    def test_ops_can_build_one_table_alone(self, place: Place, first_run: RunOutcome) -> None:
        dim_prompts = AssetKey(["marts_build", "dim_prompts"])
        job = definitions.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(asset_selection=[dim_prompts], run_config=run_configuration(None))
        assert result.success
        assert [event.asset_key for event in result.get_asset_materialization_events()] == [dim_prompts]
        assert {check.asset_key for check in result.get_asset_check_evaluations()} == {dim_prompts}


class TestAsOf:
    def test_later_facts_change_no_rank(self, place: Place, first_run: RunOutcome) -> None:
        assert run(place, as_of=MID_MARCH).is_successful
        current = "select as_of from marts.publications where status = 'current'"
        assert read_value(place.warehouse_url, current) == MID_MARCH
        before = read(place.warehouse_url, RANKS)
        # The most wanted prompt by far, if it counted.
        add_orders(place.database_url, prefix="later-", paid_at=MID_MARCH, prompt=7, count=40)
        assert run(place, as_of=MID_MARCH).is_successful
        assert read(place.warehouse_url, RANKS) == before

    def test_earlier_facts_do(self, place: Place, first_run: RunOutcome) -> None:
        add_orders(place.database_url, prefix="earlier-", paid_at=MID_MARCH - timedelta(seconds=1), prompt=7, count=40)
        assert run(place, as_of=MID_MARCH).is_successful
        best = read_value(
            place.warehouse_url,
            "select external_id from marts.rank_prompts inner join marts.dim_prompts using (prompt_id)"
            " where surface = 'top' and rank = 1",
        )
        assert best == "prompt-7"


class TestFailedChecks:
    def test_an_amount_that_went_wrong_in_a_mart_stops_the_publication(
        self, place: Place, first_run: RunOutcome
    ) -> None:
        before = published(place)
        change_one_order(place, Decimal("0.01"))
        add_orders(place.database_url, prefix="with-it-", paid_at=FIRST_DAY + timedelta(days=5))
        outcome = run(place)
        assert not outcome.is_successful
        assert outcome.publication_id is None
        assert "assert_performance_amounts_equal_facts" in outcome.failed_checks
        assert published(place) == before

    def test_with_nothing_new_it_is_tested_and_refused_again(self, place: Place, first_run: RunOutcome) -> None:
        outcome = run(place)
        assert set(outcome.loaded_rows.values()) == {0}
        assert "assert_performance_amounts_equal_facts" in outcome.failed_checks

    def test_after_the_repair_the_next_run_publishes(self, place: Place, first_run: RunOutcome) -> None:
        change_one_order(place, Decimal("-0.01"))
        assert run(place).is_successful

    def test_an_amount_that_stripe_does_not_confirm_stops_the_publication(
        self, place: Place, first_run: RunOutcome
    ) -> None:
        before = published(place)
        add_stripe_order(place.database_url, amount_cents=1000, confirmed_cents=900)
        outcome = run(place)
        assert outcome.failed_checks == ["marts_build.fct_orders: fct_orders_reconciles_with_raw_webhook_messages"]
        assert outcome.failures == []
        assert published(place) == before

    def test_once_stripe_confirms_it_the_next_run_publishes(self, place: Place, first_run: RunOutcome) -> None:
        confirm_stripe_order(place.database_url, confirmed_cents=1000)
        outcome = run(place)
        assert outcome.is_successful
        assert outcome.changed_mart_rows["fct_orders"] == 1

    def test_one_lost_event_stops_the_run_before_anything_is_built(self, place: Place, first_run: RunOutcome) -> None:
        before = published(place)
        with connect(place.warehouse_url) as connection:
            connection.execute("create table lost as select * from raw_events.events where event_id = 'served-6'")
            connection.execute("delete from raw_events.events where event_id = 'served-6'")
        outcome = run(place)
        with connect(place.warehouse_url) as connection:
            connection.execute("insert into raw_events.events select * from lost")
        assert outcome.failed_checks == ["raw_events.events: events_reconciles_with_event_batches"]
        assert published(place) == before


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
    ],
    "fct_refunds_reconciles_with_raw_refunds": [
        "delete from marts_build.fct_refunds where refund_id = (select min(refund_id) from marts_build.fct_refunds)",
        "update marts_build.fct_refunds set refunded_amount = refunded_amount - 1",
    ],
    "fct_impressions_reconciles_with_raw_events": [
        "delete from marts_build.fct_impressions where receipt_id = 'receipt-5'",
        "update raw_events.events set properties = '{}' where event_id = 'served-5'",
    ],
    "agg_prompts_performance_daily_reconciles_with_facts": [
        "update marts_build.agg_prompts_performance_daily set click_count = click_count + 1",
        "update marts_build.agg_prompts_performance_daily set refunded_amount = refunded_amount + 1",
        "delete from marts_build.agg_prompts_performance_daily where currency = 'JPY'",
    ],
    "agg_sellers_performance_daily_reconciles_with_facts": [
        "update marts_build.agg_sellers_performance_daily set gross_revenue_amount = gross_revenue_amount * 2",
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
            connection.rollback()
        assert found


def execute(place: Place, statement: str) -> None:
    with connect(place.warehouse_url) as connection:
        connection.execute(statement.encode())


def published(place: Place) -> tuple[object, ...]:
    """What readers see."""
    statements = (
        "select publication_id from marts.publications order by 1",
        "select order_id, gross_amount from marts.fct_orders order by 1",
        RANKS,
    )
    return tuple(read(place.warehouse_url, statement) for statement in statements)


def change_one_order(place: Place, amount: Decimal) -> None:
    with connect(place.warehouse_url) as connection:
        connection.execute(
            "update marts_build.fct_orders set gross_amount = gross_amount + %(amount)s,"
            " net_amount = net_amount + %(amount)s where external_id = 'order-2'",
            {"amount": amount},
        )
