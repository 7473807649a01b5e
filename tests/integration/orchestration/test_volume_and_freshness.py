"""Checks that warn: of a day with too little, and of what is older than it should be."""

from datetime import UTC, datetime, timedelta

import pytest
from dagster import AssetCheckEvaluation, DagsterEventType, DagsterInstance

from orchestration.checks.volume import last_day_over
from orchestration.home import prepare_dagster_home
from orchestration.outcome import RunOutcome
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import add_orders, read
from tests.integration.orchestration.running import execute, run

DAYS = 60
ORDERS_A_DAY = 40
ORDERS_CHECK = "agg_marketplace_daily_order_count_is_usual"


def evaluations(place: Place, run_id: str) -> dict[str, AssetCheckEvaluation]:
    with DagsterInstance.from_config(str(prepare_dagster_home(place.data_dir))) as instance:
        entries = [entry.dagster_event for entry in instance.all_logs(run_id)]
    found = [
        event.asset_check_evaluation_data
        for event in entries
        if event and event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    return {each.check_name: each for each in found}


def check_freshness(place: Place) -> dict[str, bool]:
    """Run the job that asks; the outcome of each check."""
    from orchestration.definitions import definitions

    with DagsterInstance.from_config(str(prepare_dagster_home(place.data_dir))) as instance:
        result = definitions.resolve_job_def("check_freshness_job").execute_in_process(instance=instance)
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


@pytest.fixture(scope="module")
def silent_day(place: Place, first_run: RunOutcome) -> RunOutcome:
    """A run after two months of many orders a day, but for the last day that was over."""
    assert first_run.is_successful
    day = last_day_over(datetime.now(UTC))
    for number in range(1, DAYS):
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - timedelta(days=number)
        add_orders(place.database_url, prefix=f"{number}-", paid_at=noon, count=ORDERS_A_DAY)
    return run()


class TestVolume:
    def test_a_day_without_orders_warns_and_is_published(self, place: Place, silent_day: RunOutcome) -> None:
        assert silent_day.is_successful
        found = evaluations(place, silent_day.run_id)[ORDERS_CHECK]
        assert not found.passed
        assert found.metadata["count"].value == 0
        assert float(str(found.metadata["lowest_usual"].value)) > 1

    def test_what_has_too_short_a_history_passes_and_says_so(self, place: Place, silent_day: RunOutcome) -> None:
        found = evaluations(place, silent_day.run_id)["event_batches_volume_is_usual"]
        assert found.passed
        assert found.metadata["history"].value == "too short to judge"

    def test_a_run_with_nothing_new_asks_again(self, place: Place, silent_day: RunOutcome) -> None:
        quiet = run()
        assert len(quiet.kept_tables) > 10
        assert not evaluations(place, quiet.run_id)[ORDERS_CHECK].passed


class TestFreshness:
    def test_after_a_run_everything_is_fresh(self, place: Place, silent_day: RunOutcome) -> None:
        found = check_freshness(place)
        assert set(found) >= {"events_is_fresh", "publications_is_fresh", "latest_is_fresh", "fct_orders_is_fresh"}
        assert [name for name, is_passed in found.items() if not is_passed] == []

    def test_what_was_made_too_long_ago_is_not(self, place: Place, silent_day: RunOutcome) -> None:
        url = place.warehouse_url
        execute(url, "update control.load_watermarks set loaded_at = loaded_at - interval '1 day'")
        found = check_freshness(place)
        execute(url, "update control.load_watermarks set loaded_at = loaded_at + interval '1 day'")
        assert [name for name, is_passed in found.items() if not is_passed] == ["events_is_fresh"]

    def test_tables_are_not_when_a_raw_table_changed_since(self, place: Place, silent_day: RunOutcome) -> None:
        url = place.warehouse_url
        [before] = read(url, "select max(_loaded_at) as loaded_at from raw_app.orders")
        execute(
            url, "update raw_app.orders set _loaded_at = now() where ctid in (select ctid from raw_app.orders limit 1)"
        )
        found = check_freshness(place)
        assert before["loaded_at"] is not None
        assert not found["fct_orders_is_fresh"]
        assert found["publications_is_fresh"]

    def test_a_snapshot_of_another_publication_is_not(self, place: Place, silent_day: RunOutcome) -> None:
        pointer = place.data_dir / "snapshots" / "latest"
        current = pointer.readlink()
        pointer.unlink()
        pointer.symlink_to("20200101T000000000000Z-00000000")
        found = check_freshness(place)
        pointer.unlink()
        pointer.symlink_to(current)
        assert not found["latest_is_fresh"]
