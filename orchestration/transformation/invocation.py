"""Runs dbt inside this process: its command line takes seconds to start, and would outlive a killed run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.transformation.environment import environment_variables
from warehouse.settings import PROJECT_ROOT

PROFILES_DIRECTORY = "transforms"
POSTGRES = "postgres"
DUCKDB = "duckdb"
QUIET = ("--quiet", "--log-level", "none", "--no-use-colors", "--no-send-anonymous-usage-stats", "--no-version-check")

FAILED_STATUSES = ("error", "fail", "runtime error")


class TransformationFailed(Exception):
    """dbt could not run at all; the message is what it said."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one model or test. `failure_count` is the rows a test found, None for a model."""

    unique_id: str
    name: str
    status: str
    message: str
    seconds: float
    changed_rows: int | None
    failure_count: int | None

    @property
    def is_test(self) -> bool:
        """Whether this is a test and not a model."""
        return self.unique_id.startswith("test.")

    @property
    def is_failed(self) -> bool:
        """Whether this result must stop what comes after."""
        return self.status in FAILED_STATUSES


def invoke_dbt(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    project_directory: Path = PROJECT_ROOT,
    target: str = POSTGRES,
) -> list[NodeResult]:
    """Run one dbt command to its end; the result of each node. Raises `TransformationFailed` when dbt itself can't run.

    Failed models and tests are results, not errors.
    """
    # Imported here because it takes seconds, which only those who run dbt should pay.
    from dbt.cli.main import dbtRunner

    places = ["--project-dir", str(project_directory), "--profiles-dir", str(project_directory / PROFILES_DIRECTORY)]
    with environment_variables(environment):
        result = dbtRunner().invoke([*arguments, *places, "--target", target, *QUIET])
    if result.exception is not None and not isinstance(result.exception, Exception):
        # Somebody interrupted the run; that is for whoever started it.
        raise result.exception
    if result.exception is not None:
        raise TransformationFailed(f"dbt {arguments[0]} could not run: {_one_line(str(result.exception))}")
    return [_node_result(item) for item in getattr(result.result, "results", ())]


def _node_result(item: Any) -> NodeResult:
    changed = (item.adapter_response or {}).get("rows_affected")
    return NodeResult(
        unique_id=item.node.unique_id,
        name=item.node.name,
        status=str(item.status),
        message=_one_line(str(item.message or "")),
        seconds=round(float(item.execution_time or 0), 3),
        changed_rows=int(changed) if isinstance(changed, int) and changed >= 0 else None,
        failure_count=item.failures,
    )


def _one_line(message: str) -> str:
    return " ".join(message.split())
