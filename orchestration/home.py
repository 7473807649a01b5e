"""Dagster's home: where it keeps its records, and how it is set up. Imports no Dagster: anyone may prepare it."""

import contextlib
import sys
from pathlib import Path

from warehouse.settings import SettingsInvalid, get_settings

OLD_RECORDS = ("history", "schedules")
OLD_RECORDS_DIRECTORY = "records-before-postgres"

# Captured output of steps is left out: what dbt says is in its log file, and capturing starts two processes a step.
DAGSTER_YAML = """\
# Written at each start; changes made here are lost.
telemetry:
  enabled: false
# No invitation to a newsletter in front of the first page.
nux:
  enabled: false
# In the warehouse that the settings name (orchestration/storage.py), so that no password is written here.
storage:
  custom:
    module: orchestration.storage
    class: WarehouseRecords
    config: {}
concurrency:
  runs:
    max_concurrent_runs: 1
# Runs that do not start, hang, or whose process died become failures. A killed code server takes its runs along
# unseen; those are found by the pipeline's lock (orchestration/dead_runs.py).
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  cancel_timeout_seconds: 300
  max_runtime_seconds: 14400
  poll_interval_seconds: 60
# What died is run again. What a check or a step refused would be refused again: the next hour tries anew.
run_retries:
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
retention:
  schedule:
    purge_after_days: 30
  sensor:
    purge_after_days:
      skipped: 7
      failure: 30
      success: 30
python_logs:
  python_log_level: INFO
"""


def prepare_dagster_home(data_path: Path) -> Path:
    """Create Dagster's home with its `dagster.yaml` below the data directory; its path belongs into `DAGSTER_HOME`."""
    home = data_path.expanduser().resolve() / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    file = home / "dagster.yaml"
    if not file.exists() or file.read_text() != DAGSTER_YAML:
        unfinished = home / "dagster.yaml.new"
        unfinished.write_text(DAGSTER_YAML)
        unfinished.replace(file)
    _put_old_records_aside(home)
    return home


def _put_old_records_aside(home: Path) -> None:
    """Records that an earlier version kept in files of SQLite: nobody reads them any more."""
    for name in OLD_RECORDS:
        if (home / name).exists():
            (home / OLD_RECORDS_DIRECTORY).mkdir(exist_ok=True)
            # Another process may do the same at this moment.
            with contextlib.suppress(OSError):
                (home / name).rename(home / OLD_RECORDS_DIRECTORY / name)


if __name__ == "__main__":
    # For containers, which start Dagster's own programs: they need their home before they run.
    try:
        prepare_dagster_home(get_settings().data_path)
    except SettingsInvalid as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
