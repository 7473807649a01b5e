"""What Dagster recorded of runs, as ops look at it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from dagster import DagsterInstance, RunRecord, RunsFilter

from orchestration.home import prepare_dagster_home
from orchestration.standing import NOTHING_NEW
from warehouse.settings import Settings

# What Dagster calls the job of assets that somebody chose there, and we call it.
CHOSEN_ASSETS = {"__ASSET_JOB": "chosen assets"}
# Read at once; a period with more runs than this is told by its newest.
RUNS_MAX = 10_000


@dataclass(frozen=True)
class RecordedRun:
    """A run: `outcome` is Dagster's word for its state, `is_quiet` when nothing was new. No end while it goes on."""

    run_id: str
    job: str
    outcome: str
    is_quiet: bool
    started_at: datetime
    ended_at: datetime | None

    @property
    def seconds(self) -> float | None:
        """How long it took, or None as long as it goes on."""
        return None if self.ended_at is None else (self.ended_at - self.started_at).total_seconds()


def read_runs(
    settings: Settings, *, since: datetime | None = None, until: datetime | None = None, limit: int = RUNS_MAX
) -> list[RecordedRun]:
    """The runs of every job that were created in a period, the newest first."""
    wanted = RunsFilter(created_after=since, created_before=until)
    with DagsterInstance.from_config(str(prepare_dagster_home(settings.data_path))) as instance:
        return [_recorded(record) for record in instance.get_run_records(wanted, limit=limit)]


def _recorded(record: RunRecord) -> RecordedRun:
    run = record.dagster_run
    return RecordedRun(
        run_id=run.run_id,
        job=CHOSEN_ASSETS.get(run.job_name, run.job_name),
        outcome=run.status.value.lower(),
        is_quiet=NOTHING_NEW in run.tags,
        started_at=_moment(record.start_time) or record.create_timestamp,
        ended_at=_moment(record.end_time),
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
