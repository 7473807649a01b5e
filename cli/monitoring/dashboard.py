"""`monitor.py dashboard`: how everything stands now, on one page of the terminal."""

import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
import psycopg
import redis
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.database import require_any_database
from cli.failure import PROBLEM
from cli.monitoring.alerts import line
from cli.output import MONITOR, examples, to_json
from warehouse.databases import connect, is_missing
from warehouse.servers import Servers, running_servers
from warehouse.settings import Settings, database_name, get_settings

if TYPE_CHECKING:
    from orchestration.alerts.watching import Watch
    from orchestration.recorded_run import RecordedRun
    from orchestration.status import PipelineStatus

RUNS_SHOWN = 8
ALERTS_SHOWN = 10
ANSWER_SECONDS = 3


@dataclass(frozen=True)
class Server:
    """A server, where it is, and what it answers."""

    name: str
    place: str
    is_up: bool
    answer: str


@dataclass(frozen=True)
class View:
    """Everything the dashboard shows, as of `seen_at`."""

    seen_at: datetime
    servers: "list[Server]"
    status: "PipelineStatus | None"
    runs: "list[RecordedRun]"
    watch: "Watch"


@click.command(epilog=examples("dashboard", "dashboard --every 2", "dashboard | cat", program=MONITOR))
@click.option("--every", type=click.FloatRange(min=0.5), default=5.0, show_default=True, help="Seconds between looks.")
@click.option("--once", is_flag=True, help="Look once, also on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Look once, and report as JSON.")
def dashboard(every: float, once: bool, as_json: bool) -> None:
    """Show servers, the last runs, the publication, what waits, and alerts.

    On a terminal it looks again and again until Ctrl-C; piped, it prints once. Ends with status 1 when something is
    alerting or a server does not answer.
    """
    settings = get_settings()
    console = Console()
    with running_servers(settings) as servers:
        require_any_database(servers)
        view = look(settings, servers)
        if as_json:
            click.echo(to_json(_as_json(view)))
        elif once or not sys.stdout.isatty():
            console.print(draw(view))
        else:
            with Live(draw(view), console=console, screen=True, auto_refresh=False) as live:
                while True:
                    time.sleep(every)
                    view = look(settings, servers)
                    live.update(draw(view), refresh=True)
    is_well = not view.watch.alerting and all(server.is_up for server in view.servers)
    click.get_current_context().exit(0 if is_well else PROBLEM)


def look(settings: Settings, servers: Servers) -> View:
    """Look at everything once. A server that is away is shown as such."""
    # Imported late: Dagster takes seconds, which `--help` should not.
    from orchestration.alerts.watching import look as look_at_alerts
    from orchestration.recorded_run import read_runs
    from orchestration.status import read_status

    answers = _ask_servers(servers)
    is_readable = all(server.is_up for server in answers)
    return View(
        seen_at=datetime.now(UTC),
        servers=answers,
        status=read_status(settings, servers) if is_readable else None,
        runs=read_runs(settings, limit=RUNS_SHOWN) if is_readable else [],
        watch=look_at_alerts(settings, servers),
    )


def _ask_servers(servers: Servers) -> list[Server]:
    return [
        _ask_postgres("database", servers.database_url),
        _ask_postgres("warehouse", servers.warehouse_url),
        _ask_redis(servers.redis_url),
    ]


def _ask_postgres(name: str, url: str) -> Server:
    place = f"{_host(url)}, {database_name(url)}"
    try:
        with connect(url, timeout_seconds=ANSWER_SECONDS) as connection:
            row = connection.execute(
                "select current_setting('server_version') as version, pg_database_size(current_database()) as bytes"
            ).fetchone()
        assert row is not None
        return Server(name, place, True, f"PostgreSQL {row['version'].split()[0]}, {row['bytes'] / 1e6:,.0f} MB")
    except psycopg.Error as error:
        if is_missing(url):
            return Server(name, place, False, "does not exist yet")
        return Server(name, place, False, (str(error).strip().splitlines() or ["no answer"])[0])


def _ask_redis(url: str) -> Server:
    try:
        with redis.Redis.from_url(url, socket_timeout=ANSWER_SECONDS) as client:
            info: Any = client.info()
        answer = f"Redis {info['redis_version']}, {info['used_memory'] / 1e6:,.0f} MB in use"
        return Server("redis", _host(url), True, answer)
    except redis.RedisError as error:
        return Server("redis", _host(url), False, str(error))


def _host(url: str) -> str:
    """Where a URL leads, without the password in it."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.hostname and parts.port else parts.hostname or "embedded"


def draw(view: View) -> Group:
    """The page."""
    return Group(
        Text(f"Marketplace, {_second(view.seen_at)}", style="bold"),
        _draw_servers(view.servers),
        _draw_publication(view),
        _draw_runs(view.runs),
        _draw_alerts(view),
    )


def _draw_servers(servers: list[Server]) -> Table:
    table = _table("Server", "Where", "Answers")
    for server in servers:
        table.add_row(server.name, server.place, server.answer, style=None if server.is_up else "red")
    return table


def _draw_publication(view: View) -> Text:
    if view.status is None:
        return Text("A server is away, so the pipeline can't be looked at.", style="red")
    published = view.status.publication
    lines = ["Nothing has been published yet."]
    if published is not None:
        lines = [
            f"Publication {published.publication_id}",
            f"as of {_second(published.as_of)}, published {_second(published.finished_at)}, {published.policy_version}",
        ]
    lines.append(f"Events waiting for the next run: {view.status.waiting_events:,}")
    if view.status.is_running:
        lines.append("A run is at work now.")
    return Text("\n".join(lines) + "\n")


def _draw_runs(runs: "list[RecordedRun]") -> Table:
    table = _table("Run", "Job", "Started", "Seconds", "Outcome")
    for run in runs:
        outcome = f"{run.outcome}, nothing new" if run.is_quiet else run.outcome
        seconds = "" if run.seconds is None else f"{run.seconds:,.1f}"
        is_bad = run.outcome in ("failure", "canceled")
        table.add_row(
            run.run_id[:8], run.job, _second(run.started_at), seconds, outcome, style="red" if is_bad else None
        )  # fmt: skip
    return table


def _draw_alerts(view: View) -> Text:
    alerting = view.watch.alerting
    if not alerting:
        return Text("Nothing is alerting.", style="green")
    lines = [line(each) for each in alerting[:ALERTS_SHOWN]]
    if len(alerting) > ALERTS_SHOWN:
        lines.append(f"... and {len(alerting) - ALERTS_SHOWN} more: monitor.py alerts")
    return Text("\n".join(lines), style="red")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _as_json(view: View) -> dict[str, Any]:
    status = view.status
    return {
        "seen_at": view.seen_at,
        "servers": [asdict(server) for server in view.servers],
        "publication": asdict(status.publication) if status and status.publication else None,
        "waiting_events": status.waiting_events if status else None,
        "is_running": status.is_running if status else None,
        "runs": [{**asdict(run), "seconds": run.seconds} for run in view.runs],
        "alerts": [asdict(each) for each in view.watch.alerting],
    }
