"""What `manage.py pipeline run --engine duckdb` does and says."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cli.failure import PROBLEM, CommandFailed
from cli.output import to_json
from warehouse.servers import Servers
from warehouse.settings import Settings

if TYPE_CHECKING:
    from orchestration.engine import EngineOutcome
    from orchestration.run import StepProgress
    from warehouse.engine import MartComparison


def run_and_report(
    settings: Settings,
    servers: Servers,
    *,
    is_comparing: bool,
    as_json: bool,
    on_progress: "Callable[[StepProgress], None] | None",
) -> int:
    """Build all marts on DuckDB and say what came of it; the exit status. Raises `CommandFailed`."""
    from orchestration.engine import EngineFailed, run_on_duckdb
    from orchestration.lock import PipelineAlreadyRunning
    from warehouse.engine import BuildAtWork, ErasedMeanwhile
    from warehouse.lake import LakeDamaged
    from warehouse.loading import LoadFailed

    try:
        outcome = run_on_duckdb(settings, servers, is_comparing=is_comparing, on_progress=on_progress)
    except LakeDamaged as error:
        raise CommandFailed(f"The lake is damaged: {error}") from None
    except (EngineFailed, BuildAtWork, ErasedMeanwhile, LoadFailed, PipelineAlreadyRunning) as error:
        raise CommandFailed(str(error)) from None
    if as_json:
        click.echo(to_json({**asdict(outcome), "is_successful": outcome.is_successful}))
    else:
        _report(outcome)
    return 0 if outcome.is_successful else PROBLEM


def _report(outcome: "EngineOutcome") -> None:
    sources = outcome.sources
    click.echo(
        f"Events: {sources.lake_events:,} from {sources.days:,} days of the lake, "
        f"{sources.warehouse_events:,} from the warehouse, not archived yet"
    )
    for check in outcome.failed_checks:
        click.secho(f"Check failed: {check}", fg="red", err=True)
    if outcome.file is None:
        click.echo("The marts are not kept; those of the build before stay as they were.", err=True)
        return
    compared = {comparison.mart: comparison for comparison in outcome.comparisons or ()}
    click.echo("Rows built:")
    for mart, rows in outcome.mart_rows.items():
        click.echo(f"  {mart:<40} {rows:>12,}{_verdict(compared.get(mart))}")
    for comparison in compared.values():
        _report_differences(comparison)
    click.echo(f"The marts are in {outcome.file}, built in {outcome.seconds:.1f} s.")


def _verdict(comparison: "MartComparison | None") -> str:
    if comparison is None:
        return ""
    return "  as published" if comparison.is_equal else f"  {comparison.different_rows:,} rows differ"


def _report_differences(comparison: "MartComparison") -> None:
    if comparison.is_equal:
        return
    click.secho(
        f"{comparison.mart}: {comparison.built_rows:,} rows built, {comparison.published_rows:,} published, "
        f"{comparison.different_rows:,} differ",
        fg="red",
        err=True,
    )
    for row in comparison.first:
        key = ", ".join(f"{name} {value}" for name, value in row.key.items())
        click.echo(f"  {key}: {row.problem}", err=True)
