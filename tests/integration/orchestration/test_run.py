"""Whole pipeline runs over a small marketplace. Each class goes on from what the one before it left published."""

from datetime import datetime, timedelta

import duckdb
import redis
from dagster import AssetKey, DagsterEventType, DagsterInstance, RunRequest, build_schedule_context

from orchestration.definitions import dbt_tables, definitions
from orchestration.outcome import RunOutcome, failures
from orchestration.quiet import QUIET_ASSETS, QUIET_CHECKS, build_quiet_job, load_if_quiet
from orchestration.run import StepProgress, run_configuration, run_pipeline
from orchestration.schedules import hourly_marts_schedule
from orchestration.standing import NOTHING_NEW, table_keys
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import FIRST_DAY, add_orders, read, read_value
from tests.integration.orchestration.running import execute, run
from warehouse.databases import connect
from warehouse.journal.stream import STREAM
from warehouse.loading import load_all
from warehouse.servers import running_servers
from warehouse.settings import get_settings

DBT_TABLES = dbt_tables.keys
ASK_FOR_ERASURE = """
    insert into erasures (organization_id, requested_by, requested_at, user_id)
    select organization_id, 'self', now() - interval '1 day', id from users limit 1
"""


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
        with DagsterInstance.from_config(str(place.data_dir / "dagster")) as instance:
            recorded = instance.get_run_by_id(first_run.run_id)
        assert recorded is not None
        assert recorded.is_success


class TestSecondRun:
    def test_with_nothing_new_changes_no_row(self, place: Place, first_run: RunOutcome) -> None:
        again = run()
        assert again.is_successful
        assert set(again.loaded_rows.values()) == {0}
        assert set(again.changed_mart_rows.values()) == {0}
        assert again.publication_id != first_run.publication_id
        # Of dbt's tables none was made again; ranks are of the new moment all the same.
        assert again.kept_tables == [".".join(key.path) for key in sorted(DBT_TABLES)]
        assert again.as_of != first_run.as_of
        with DagsterInstance.from_config(str(place.data_dir / "dagster")) as instance:
            recorded = instance.get_run_by_id(again.run_id)
            evaluated = instance.all_logs(again.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
            made = instance.all_logs(again.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
        # The run says so, evaluates every check of ours that blocks, and claims to have made what it made.
        assert recorded is not None
        assert recorded.tags[NOTHING_NEW] == "true"
        assert len(evaluated) == len(QUIET_CHECKS)
        assert {entry.get_dagster_event().asset_key for entry in made} == set(QUIET_ASSETS)

    def test_an_event_that_waits_in_the_journal_is_new(self, place: Place, first_run: RunOutcome) -> None:
        with running_servers(get_settings()) as servers, redis.Redis.from_url(servers.redis_url) as client:
            assert load_if_quiet(servers, table_keys(place.data_dir))
            client.xadd(STREAM, {"events": b"[]"})
            assert not load_if_quiet(servers, table_keys(place.data_dir))
            client.delete(STREAM)

    def test_so_is_a_person_to_erase(self, place: Place, first_run: RunOutcome) -> None:
        with running_servers(get_settings()) as servers, connect(place.database_url, autocommit=True) as connection:
            connection.execute(ASK_FOR_ERASURE.encode())
            assert not load_if_quiet(servers, table_keys(place.data_dir))
            connection.execute("delete from erasures")
            assert load_if_quiet(servers, table_keys(place.data_dir))

    def test_a_quiet_hour_asks_for_a_quiet_run(self, place: Place, first_run: RunOutcome) -> None:
        request = hourly_marts_schedule(build_schedule_context())
        assert isinstance(request, RunRequest)
        assert request.asset_selection == list(QUIET_ASSETS)
        assert request.tags[NOTHING_NEW] == "true"

    def test_a_quiet_run_refuses_tables_that_another_run_left_half_made(
        self, place: Place, first_run: RunOutcome
    ) -> None:
        execute(place.warehouse_url, "create table kept_aside as select * from control.finished_build")
        execute(place.warehouse_url, "delete from control.finished_build")
        job = build_quiet_job(table_keys(place.data_dir))
        refused = job.execute_in_process(tags={NOTHING_NEW: "true"}, raise_on_error=False)
        execute(place.warehouse_url, "insert into control.finished_build select * from kept_aside")
        assert not refused.success
        assert failures(refused)[0].startswith("Another run began to make the tables anew")

    def test_takes_up_what_is_new_and_nothing_else(self, place: Place, first_run: RunOutcome) -> None:
        add_orders(place.database_url, prefix="new-", paid_at=FIRST_DAY + timedelta(days=3), count=2)
        assert hourly_marts_schedule(build_schedule_context()) == RunRequest()
        told: list[StepProgress] = []
        outcome = run_pipeline(get_settings(), on_progress=told.append)
        assert outcome.loaded_rows["raw_app.orders"] == 2
        assert outcome.changed_mart_rows["fct_orders"] == 2
        assert outcome.changed_mart_rows["fct_impressions"] == 0
        # And tells of each step as it begins and ends.
        names = [progress.name for progress in told if progress.seconds is None]
        assert names[0] == "load_raw_tables"
        assert names.index("check events_reconciles_with_event_batches") < names.index("build_dbt_tables")
        made = [name for name in names if not name.endswith(("_fresh", "_usual"))]
        assert made[-3:] == ["marts.publications", "snapshots.latest", "control.erasures"]
        assert len(told) == 2 * len(names)
        # A dimension that no order can change was left alone.
        assert "marts_build.dim_organizations" in outcome.kept_tables
        assert "marts_build.fct_orders" not in outcome.kept_tables

    def test_another_project_makes_every_table_again(self, place: Place, first_run: RunOutcome) -> None:
        execute(place.warehouse_url, "update control.finished_build set project = 'as it was before'")
        execute(place.warehouse_url, "update control.built_project set project = 'as it was before'")
        # As an earlier version may have left it: rows by another formula, and without a column of today.
        execute(place.warehouse_url, "update marts_build.fct_orders set list_price_amount = -1")
        execute(place.warehouse_url, "alter table marts_build.fct_impressions drop column viewer_person_id")
        outcome = run()
        assert (outcome.failures, outcome.kept_tables) == ([], [])
        with connect(place.warehouse_url) as connection:
            assert not connection.execute("select from marts.fct_orders where list_price_amount < 0").fetchall()

    def test_a_table_that_is_gone_makes_every_table_again(self, place: Place, first_run: RunOutcome) -> None:
        execute(place.warehouse_url, "drop view staging.stg_app__users")
        outcome = run()
        assert (outcome.failures, outcome.kept_tables) == ([], [])

    def test_what_a_run_loaded_that_built_nothing_is_built_by_the_next(
        self, place: Place, first_run: RunOutcome
    ) -> None:
        add_orders(place.database_url, prefix="stranded-", paid_at=FIRST_DAY + timedelta(days=4))
        load_all(place.database_url, place.warehouse_url)
        outcome = run()
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
