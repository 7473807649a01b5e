from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    MaterializeResult,
    asset,
    materialize,
)

from orchestration.home import prepare_dagster_home
from orchestration.retention import forget_old_runs
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import read_value
from warehouse.databases import connect

IN_AN_HOUR = datetime.now(UTC) + timedelta(hours=1)
AN_HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


@asset(check_specs=[AssetCheckSpec("is_good", asset="prices")])
def prices():
    """A table with a check."""
    return MaterializeResult(check_results=[AssetCheckResult(passed=True)])


@pytest.fixture
def instance(place: Place, tmp_path: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(str(prepare_dagster_home(tmp_path))) as instance:
        yield instance
        for run in instance.get_runs():
            instance.delete_run(run.run_id)


def make(instance: DagsterInstance) -> str:
    return materialize([prices], instance=instance).run_id


def forget(place: Place, instance: DagsterInstance, before: datetime) -> int:
    with connect(place.warehouse_url) as connection:
        return forget_old_runs(instance, connection, before=before)


class TestForgetOldRuns:
    def test_deletes_all_that_was_recorded_but_the_last_word_on_each_asset(
        self, place: Place, instance: DagsterInstance
    ) -> None:
        old, last = make(instance), make(instance)
        assert forget(place, instance, IN_AN_HOUR) == 1
        assert [run.run_id for run in instance.get_runs()] == [last]
        for table in ("event_logs", "asset_check_executions"):
            count = f"select count(*) from dagster.{table} where run_id = '{{}}'"
            assert read_value(place.warehouse_url, count.format(old)) == 0
            assert read_value(place.warehouse_url, count.format(last)) != 0

    def test_keeps_what_is_young(self, place: Place, instance: DagsterInstance) -> None:
        runs = {make(instance), make(instance)}
        assert forget(place, instance, AN_HOUR_AGO) == 0
        assert {run.run_id for run in instance.get_runs()} == runs

    def test_keeps_what_has_not_ended(self, place: Place, instance: DagsterInstance) -> None:
        run = instance.add_run(DagsterRun(job_name="some_job", status=DagsterRunStatus.STARTED))
        assert forget(place, instance, IN_AN_HOUR) == 0
        assert instance.get_run_by_id(run.run_id) is not None


class TestRunsThatDied:
    def test_are_watched_and_run_again(self, instance: DagsterInstance) -> None:
        assert instance.run_monitoring_enabled
        assert (instance.run_retries_enabled, instance.run_retries_max_retries) == (True, 2)
        assert not instance.run_retries_retry_on_asset_or_op_failure
