from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    SkipReason,
    build_sensor_context,
)

from orchestration.backlog import count_waiting_events
from orchestration.dead_runs import close_dead_runs
from orchestration.home import prepare_dagster_home
from orchestration.jobs import build_marts_job
from orchestration.lock import hold_pipeline_lock
from orchestration.sensors import waiting_events_sensor
from tests.integration.orchestration.conftest import Place
from warehouse.journal.stream import STREAM
from warehouse.loading import load_all, prepare_warehouse
from warehouse.settings import get_settings


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(str(prepare_dagster_home(tmp_path))) as instance:
        yield instance


def waiting(place: Place) -> int:
    return count_waiting_events(
        database_url=place.database_url, warehouse_url=place.warehouse_url, redis_url=place.redis_url
    )


class TestCountWaitingEvents:
    def test_before_the_first_load_all_events_wait(self, place: Place) -> None:
        prepare_warehouse(place.warehouse_url)
        assert waiting(place) == 48

    def test_entries_of_the_journal_wait_as_well(self, place: Place) -> None:
        before = waiting(place)
        with redis.Redis.from_url(place.redis_url) as client:
            client.xadd(STREAM, {"events": b"[]"})
            assert waiting(place) == before + 1
            client.delete(STREAM)

    def test_after_a_load_none_wait(self, place: Place) -> None:
        load_all(place.database_url, place.warehouse_url)
        assert waiting(place) == 0


class TestWaitingEventsSensor:
    def test_skips_while_few_events_wait(self, place: Place, instance: DagsterInstance) -> None:
        outcome = waiting_events_sensor(build_sensor_context(instance=instance))
        assert isinstance(outcome, SkipReason)
        assert outcome.skip_message == "0 events wait; a run starts at 500"

    def test_asks_for_a_run_when_enough_wait(
        self, place: Place, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PIPELINE_SENSOR_MIN_EVENTS", "1")
        get_settings.cache_clear()
        with redis.Redis.from_url(place.redis_url) as client:
            client.xadd(STREAM, {"events": b"[]"})
            outcome = waiting_events_sensor(build_sensor_context(instance=instance))
            client.delete(STREAM)
        get_settings.cache_clear()
        assert isinstance(outcome, RunRequest)

    def test_waits_for_a_run_that_is_at_work(self, place: Place, instance: DagsterInstance) -> None:
        with hold_pipeline_lock(place.warehouse_url):
            outcome = waiting_events_sensor(build_sensor_context(instance=instance))
        assert isinstance(outcome, SkipReason)
        assert "A run is at work" in str(outcome.skip_message)


class TestCloseDeadRuns:
    def test_a_run_whose_process_is_gone_becomes_a_failure(self, place: Place, instance: DagsterInstance) -> None:
        from orchestration.definitions import definitions

        run = instance.create_run_for_job(definitions.resolve_job_def(build_marts_job.name))
        instance.report_dagster_event(started_event(run.job_name), run.run_id)
        assert close_dead_runs(instance, except_run_id=run.run_id, grace=0) == 0
        assert close_dead_runs(instance, grace=3600) == 0
        assert close_dead_runs(instance, grace=0) == 1
        closed = instance.get_run_by_id(run.run_id)
        assert closed is not None
        assert closed.status == DagsterRunStatus.FAILURE


def started_event(job_name: str) -> DagsterEvent:
    return DagsterEvent(event_type_value=DagsterEventType.PIPELINE_START.value, job_name=job_name, message="began")
