"""Days of events as partitions: a range of them is one run, whether it fills the lake or a warehouse."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from dagster import (
    AssetKey,
    BackfillPolicy,
    DagsterInstance,
    Definitions,
    ExecuteInProcessResult,
    build_schedule_context,
)

from cli.commands.pipeline import pipeline
from cli.monitor import monitor
from orchestration.event_days import DAYS_FROM_LAKE, LAKE_EVENTS, last_event_day, range_tags
from orchestration.home import prepare_dagster_home
from orchestration.outcome import RunOutcome
from orchestration.schedules import daily_archive_schedule
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import read, read_value
from tests.integration.orchestration.running import execute
from warehouse.databases import connect
from warehouse.settings import get_settings

DAYS_AGO = (4, 3, 2)
# Batches of their own, as the journal stores them.
RECEIVE = """
insert into raw_events (
    source, event_id, event_name, schema_version, occurred_at, received_at, user_id, session_id, prompt_id,
    properties, batch_id
)
select 'api', 'viewed-' || i, 'prompt.viewed', 1, now() - i * interval '1 day', now() - i * interval '1 day',
    users.id, 'visit-' || i, prompts.id, '{}', 3000 + i
from unnest(%s::int[]) as i
inner join prompts on prompts.external_id = 'prompt-1'
inner join users on users.external_id = 'user-1'
"""
LEDGER = """
insert into event_batches (id, origin, received_count, stored_count, duplicate_count, quarantined_count)
select 3000 + i, 'test', 1, 1, 0, 0 from unnest(%s::int[]) as i
"""
EVENTS = "select source, event_id, occurred_at, properties from raw_events.events order by 1, 2"


def days_ago(number: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=number)


@pytest.fixture(scope="module")
def definitions(place: Place) -> Definitions:
    from orchestration.definitions import definitions

    return definitions


@pytest.fixture(scope="module")
def instance(place: Place) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(str(prepare_dagster_home(get_settings().data_path))) as instance:
        yield instance


@pytest.fixture(scope="module")
def received(place: Place, request: pytest.FixtureRequest) -> RunOutcome:
    """A run over events that were received on three days."""
    with connect(place.database_url) as connection:
        for number in DAYS_AGO:
            connection.execute("select make_event_day(%s)", [days_ago(number)])
        connection.execute(RECEIVE.encode(), [list(DAYS_AGO)])
        connection.execute(LEDGER.encode(), [list(DAYS_AGO)])
    outcome: RunOutcome = request.getfixturevalue("first_run")
    assert outcome.is_successful
    return outcome


@pytest.fixture(scope="module")
def archived(definitions: Definitions, instance: DagsterInstance, received: RunOutcome) -> ExecuteInProcessResult:
    """The run of the daily schedule."""
    request = daily_archive_schedule(build_schedule_context())
    job = definitions.resolve_job_def("archive_events_job")
    return job.execute_in_process(instance=instance, tags=dict(request.tags))


def materialized(result: ExecuteInProcessResult, key: AssetKey) -> dict[str, dict[str, object]]:
    """What was recorded of each day."""
    found = [event.step_materialization_data.materialization for event in result.get_asset_materialization_events()]
    return {
        str(each.partition): {name: value.value for name, value in each.metadata.items()}
        for each in found
        if each.asset_key == key
    }


@pytest.mark.slow
class TestEventDays:
    @pytest.mark.parametrize("key", [LAKE_EVENTS, DAYS_FROM_LAKE])
    def test_a_backfill_of_any_range_is_one_run(self, definitions: Definitions, key: AssetKey) -> None:
        assert definitions.resolve_asset_graph().get(key).backfill_policy == BackfillPolicy.single_run()


@pytest.mark.slow
class TestArchive:
    def test_the_schedule_s_run_is_of_every_day_the_database_still_has(self, received: RunOutcome) -> None:
        request = daily_archive_schedule(build_schedule_context())
        assert range_tags(days_ago(4), last_event_day()).items() <= request.tags.items()

    def test_each_day_is_a_partition_with_what_was_written(self, archived: ExecuteInProcessResult) -> None:
        written = {
            day: metadata["written_rows"] for day, metadata in materialized(archived, LAKE_EVENTS).items() if metadata
        }
        assert written == {days_ago(number).isoformat(): 1 for number in DAYS_AGO}

    def test_a_day_without_anything_new_is_one_all_the_same(self, archived: ExecuteInProcessResult) -> None:
        assert days_ago(1).isoformat() in materialized(archived, LAKE_EVENTS)


@pytest.mark.slow
class TestBackfill:
    def test_a_range_comes_back_in_one_run_that_publishes(
        self, place: Place, archived: ExecuteInProcessResult, instance: DagsterInstance
    ) -> None:
        before = read(place.warehouse_url, EVENTS)
        runs = instance.get_runs_count()
        execute(place.warehouse_url, "delete from raw_events.events where event_id in ('viewed-4', 'viewed-3')")
        arguments = ["backfill", "--from", days_ago(4).isoformat(), "--to", days_ago(3).isoformat(), "--json"]
        answer = CliRunner().invoke(pipeline, arguments)
        assert (answer.exit_code, instance.get_runs_count()) == (0, runs + 1), answer.output
        told = json.loads(answer.stdout)
        assert told["days"] == [
            {"received_date": days_ago(number).isoformat(), "row_count": 1, "changed_rows": 1} for number in (4, 3)
        ]
        current = read_value(
            place.warehouse_url, "select publication_id from marts.publications where status = 'current'"
        )
        assert told["run"]["publication_id"] == current
        assert read(place.warehouse_url, EVENTS) == before

    def test_a_damaged_day_stops_the_run_before_anything_is_published(
        self, place: Place, archived: ExecuteInProcessResult
    ) -> None:
        [part] = (place.data_dir / "lake" / "events" / f"received_date={days_ago(3)}").glob("*.parquet")
        whole = part.read_bytes()
        part.write_bytes(b"cut short")
        answer = CliRunner().invoke(pipeline, ["backfill", "--from", "2020-01-01", "--to", "2999-01-01"])
        alerts = CliRunner().invoke(monitor, ["alerts"])
        part.write_bytes(whole)
        assert answer.exit_code == 1
        assert "is not what was written" in answer.stderr
        assert "Nothing was published" in answer.stderr
        [alert] = [line for line in alerts.stdout.splitlines() if "backfill_events_job: run" in line]
        assert alert.startswith("ALERTING  run ") and "is not what was written" in alert

    def test_days_that_are_not_over_are_refused(self, place: Place) -> None:
        today = days_ago(0).isoformat()
        answer = CliRunner().invoke(pipeline, ["backfill", "--from", today, "--to", today])
        assert answer.exit_code == 2
        assert "has no day between 2020-01-01 and yesterday" in answer.stderr
