"""What a run over new events costs on top of few old ones and on top of many: it must go by what is new."""

import os
import sys
import tempfile
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


@dataclass(frozen=True)
class Increment:
    """A run over what is new: seconds by the clock, and of a processor in the command and in Postgres."""

    seconds: float
    in_command: float
    in_postgres: float

    @property
    def processor_seconds(self) -> float:
        """Of all processes."""
        return self.in_command + self.in_postgres


def measure_increment(events: int) -> None:
    """Print what a run over 100,000 new events costs on top of 100,000 old ones, and on top of `events`."""
    costs = {old: _measure(old) for old in (FEW, events)}
    click.echo(f"{NEW:,} new events, median of {TURNS:<12} seconds    cpu s  Postgres   load {os.getloadavg()[0]:.1f}")
    for old, runs in costs.items():
        click.echo(
            f"on top of {old:>12,}{'':<12}{median(run.seconds for run in runs):>12.1f}"
            f"{median(run.processor_seconds for run in runs):>9.1f}{median(run.in_postgres for run in runs):>10.1f}"
        )
    few, many = (costs[old] for old in (FEW, events))
    click.echo(
        f"{median(run.seconds for run in many) / median(run.seconds for run in few):.2f} times the seconds,"
        f" {median(run.processor_seconds for run in many) / median(run.processor_seconds for run in few):.2f} times the"
        " processor"
    )


def _measure(old: int) -> list[Increment]:
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        place = Path(directory)
        with running_servers(
            Settings(data_dir=place, database_url=None, warehouse_url=None, redis_url=None)
        ) as servers:
            migrate(servers.database_url)
            prepare_warehouse(servers.warehouse_url)
            write_catalog(servers.database_url)
            first = write_history(servers.database_url, events=old)
            _settle(servers)
            built = _run(place)
            click.echo(f"the first run of {old:,}: {built.seconds:.1f} s, {built.processor_seconds:.1f} of a processor")
            _settle(servers)
            runs = []
            for turn in range(TURNS):
                write_news(servers.database_url, first=first + turn * NEW, events=NEW)
                _settle(servers)
                runs.append(_run(place))
                click.echo(f"  {old:,} + {NEW:,}: {runs[-1]}")
            return runs


def _settle(servers: Servers) -> None:
    """What the server does by itself after much was written belongs to no run."""
    for url in (servers.database_url, servers.warehouse_url):
        with connect(url, autocommit=True) as connection:
            connection.execute("vacuum (analyze)")
            connection.execute("checkpoint")


def _run(place: Path) -> Increment:
    before = _used_by_postgres(place)
    cost = run_measured(
        [sys.executable, "cli/manage.py", "pipeline", "run"],
        environment={"DATA_DIR": str(place), "PYTHONDONTWRITEBYTECODE": ""},
        cwd=PROJECT_ROOT,
    )
    return Increment(cost.seconds, cost.processor_seconds, _used_by_postgres(place) - before)


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
