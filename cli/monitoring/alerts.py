"""`monitor.py alerts`: what has to be looked at, and why."""

from dataclasses import asdict
from datetime import UTC
from typing import TYPE_CHECKING

import click

from cli.database import require_any_database
from cli.failure import PROBLEM
from cli.output import MONITOR, examples, one_line, to_json
from warehouse.servers import servers_or_addresses
from warehouse.settings import get_settings

if TYPE_CHECKING:
    from orchestration.alerts.memory import Kept


@click.command(epilog=examples("alerts", "alerts --all", "alerts --notify --json", program=MONITOR))
@click.option("--all", "show_all", is_flag=True, help="Also what is good, and what could not be judged.")
@click.option(
    "--notify", is_flag=True, help="Keep the outcomes and tell what is new, as Dagster's sensor does every minute."
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def alerts(show_all: bool, notify: bool, as_json: bool) -> None:
    """Ask every rule over checks, runs, freshness, quarantine, backlogs and servers.

    A rule that can't judge, because the data is stale or a server is away, says so and keeps its last outcome. Ends
    with status 1 when something is alerting.
    """
    settings = get_settings()
    with servers_or_addresses(settings) as servers:
        # Whoever is to be told of what goes wrong is told of databases that are gone, too.
        if not notify:
            require_any_database(servers)
        # Imported late: Dagster takes seconds, which `--help` should not.
        from orchestration.alerts.watching import look, watch

        found = watch(settings, servers) if notify else look(settings, servers)
    if as_json:
        shown = [{**asdict(each), "state": state_of(each)} for each in found.outcomes]
        click.echo(to_json({"alerting": len(found.alerting), "alerts": shown}))
    else:
        report(found.outcomes, show_all=show_all)
    click.get_current_context().exit(PROBLEM if found.alerting else 0)


def state_of(outcome: "Kept") -> str:
    """One word: what the rule said last, or that it never could."""
    if outcome.judged_at is None:
        return "skipped"
    return "alerting" if outcome.is_alerting else "good"


def report(outcomes: "list[Kept]", *, show_all: bool) -> None:
    """Print what is alerting and, on demand, the rest."""
    shown = [each for each in outcomes if show_all or each.is_alerting]
    for each in shown:
        click.secho(line(each), fg="red" if each.is_alerting else None)
    skipped = sum(each.skipped_because is not None for each in outcomes)
    alerting = sum(each.is_alerting for each in outcomes)
    good = sum(state_of(each) == "good" for each in outcomes)
    click.echo(
        f"{alerting} alerting, {good} good, {skipped} not judged now." + ("" if show_all else " --all shows all.")
    )


def line(outcome: "Kept") -> str:
    """An outcome as the terminal shows it."""
    said = f"{state_of(outcome).upper():<9} {outcome.rule:<11}{outcome.subject}: {outcome.message}"
    if outcome.is_alerting:
        said += f" (since {outcome.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC)"
    if outcome.skipped_because is not None:
        said += f" [not judged now: {outcome.skipped_because}]"
    return one_line(said)
