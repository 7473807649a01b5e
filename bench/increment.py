"""What a run over new events costs on top of few old ones and on top of many: it must go by what is new."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import psutil

from api.migrations import migrate
from bench.increment_data import write_catalog, write_history, write_news
from bench.tree import run_measured
from warehouse.databases import connect
from warehouse.loading import prepare_warehouse
from warehouse.servers import Servers, running_servers
from warehouse.settings import PROJECT_ROOT, Settings

FEW = 100_000
NEW = 100_000
TURNS = 3
# Steps that take less than this on top of many are not worth a line.
SHOWN_SECONDS = 0.5
# In a place that is kept: the number of the event that comes next, once all before it are in the marts.
NEXT_EVENT_FILE = "next-event"

STEPS = """
select step_key as step, extract(
    epoch from max(timestamp) filter (where dagster_event_type = 'STEP_SUCCESS')
    - min(timestamp) filter (where dagster_event_type = 'STEP_START')
)::float8 as seconds
from dagster.event_logs
where step_key is not null and run_id = (select run_id from dagster.runs order by id desc limit 1)
group by step_key
"""


@dataclass(frozen=True)
class Increment:
    """A run over what is new: seconds by the clock, also by step, and of a processor in the command and in Postgres."""

    seconds: float
    in_command: float
    in_postgres: float
    steps: Mapping[str, float]

    @property
    def processor_seconds(self) -> float:
        """Of all processes."""
        return self.in_command + self.in_postgres


def measure_increment(events: int, place: Path | None = None) -> None:
    """Print what a run over 100,000 new events costs on top of 100,000 old ones, and on top of `events`.

    In a `place` that is named, both histories are kept for the next measurement, with what each adds to them.
    """
    few, many = (_measure(old, place) for old in (FEW, events))
    click.echo(f"{NEW:,} new events, median of {TURNS:<12} seconds    cpu s  Postgres   load {os.getloadavg()[0]:.1f}")
    for old, runs in ((FEW, few), (events, many)):
        click.echo(
            f"on top of {old:>12,}{'':<12}{median(run.seconds for run in runs):>12.1f}"
            f"{median(run.processor_seconds for run in runs):>9.1f}{median(run.in_postgres for run in runs):>10.1f}"
        )
    click.echo(
        f"{median(run.seconds for run in many) / median(run.seconds for run in few):.2f} times the seconds,"
        f" {median(run.processor_seconds for run in many) / median(run.processor_seconds for run in few):.2f} times the"
        " processor"
    )
    _print_steps(few, many)


def _print_steps(few: Sequence[Increment], many: Sequence[Increment]) -> None:
    click.echo(f"{'seconds of the step':<60}{'few':>8}{'many':>8}{'more':>8}")
    costs = {
        step: (_of_step(few, step), _of_step(many, step))
        for step in {step for run in many for step in run.steps}
    }  # fmt: skip
    for step, (on_few, on_many) in sorted(costs.items(), key=lambda cost: cost[1][0] - cost[1][1]):
        if on_many >= SHOWN_SECONDS:
            click.echo(f"{step:<60}{on_few:>8.1f}{on_many:>8.1f}{on_many - on_few:>8.1f}")


def _of_step(runs: Sequence[Increment], step: str) -> float:
    return median(run.steps.get(step, 0.0) for run in runs)


def _measure(old: int, kept: Path | None) -> list[Increment]:
    with _place(old, kept) as place, running_servers(_settings(place)) as servers:
        first = _prepare(servers, place, old)
        runs = []
        for turn in range(TURNS):
            write_news(servers.database_url, first=first + turn * NEW, events=NEW)
            _settle(servers)
            runs.append(_run(place, servers))
            (place / NEXT_EVENT_FILE).write_text(str(first + (turn + 1) * NEW))
            click.echo(
                f"  {old:,} + {NEW:,}: {runs[-1].seconds:.1f} s, {runs[-1].processor_seconds:.1f} of a processor,"
                f" {runs[-1].in_postgres:.1f} of them in Postgres"
            )
        return runs


@contextmanager
def _place(old: int, kept: Path | None) -> Iterator[Path]:
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
            yield Path(directory)
    else:
        place = kept.resolve() / f"on-{old}"
        place.mkdir(parents=True, exist_ok=True)
        yield place


def _settings(place: Path) -> Settings:
    return Settings(data_dir=place, database_url=None, warehouse_url=None, redis_url=None)


def _prepare(servers: Servers, place: Path, old: int) -> int:
    """So many events, all of them in the marts; the number of the next one."""
    if (place / NEXT_EVENT_FILE).exists():
        return int((place / NEXT_EVENT_FILE).read_text())
    migrate(servers.database_url)
    prepare_warehouse(servers.warehouse_url)
    write_catalog(servers.database_url)
    first = write_history(servers.database_url, events=old)
    _settle(servers)
    built = _run(place, servers)
    click.echo(f"the first run of {old:,}: {built.seconds:.1f} s, {built.processor_seconds:.1f} of a processor")
    _settle(servers)
    (place / NEXT_EVENT_FILE).write_text(str(first))
    return first


def _settle(servers: Servers) -> None:
    """What the server does by itself after much was written belongs to no run."""
    for url in (servers.database_url, servers.warehouse_url):
        with connect(url, autocommit=True) as connection:
            connection.execute("vacuum (analyze)")
            connection.execute("checkpoint")


def _run(place: Path, servers: Servers) -> Increment:
    before = _used_by_postgres(place)
    cost = run_measured(
        [sys.executable, "cli/manage.py", "pipeline", "run"],
        environment={"DATA_DIR": str(place), "PYTHONDONTWRITEBYTECODE": ""},
        cwd=PROJECT_ROOT,
    )
    in_postgres = _used_by_postgres(place) - before
    with connect(servers.warehouse_url) as connection:
        steps = {row["step"]: row["seconds"] or 0.0 for row in connection.execute(STEPS)}
    return Increment(cost.seconds, cost.processor_seconds, in_postgres, steps)


def _used_by_postgres(place: Path) -> float:
    """Processor seconds of the server in this place so far: its processes, and all it ever had."""
    used = 0.0
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] != "postgres" or str(place) not in " ".join(process.info["cmdline"] or []):
            continue
        own = process.cpu_times()
        used += own.user + own.system + own.children_user + own.children_system
        for child in process.children():
            times = child.cpu_times()
            used += times.user + times.system
    return used
