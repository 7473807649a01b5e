"""Import and pipeline over the real data: the first run, and one with nothing new."""

import csv
import gzip
import sys
import tempfile
import time
from pathlib import Path

import click

from bench.tree import Cost, run_measured
from warehouse.databases import connect, create_database
from warehouse.servers import running_servers
from warehouse.settings import PROJECT_ROOT, Settings

REAL_DATA = PROJECT_ROOT.parent / "shared" / "data"
IMPORTS = (
    ("catalog", "prompts_catalog.csv.gz"),
    ("catalog", "retail_catalog.csv.gz"),
    ("orders", "retail_orders.csv.gz"),
    ("catalog", "obd_catalog.csv.gz"),
    ("events", "obd_events.csv.gz"),
)


def copy_floor(place: Path) -> float:
    """Seconds that a plain COPY of the order lines into one keyed table takes on the same server."""
    with gzip.open(REAL_DATA / "retail_orders.csv.gz", "rt", newline="") as lines:
        rows = [tuple(row) for row in csv.reader(lines)][1:]
    with running_servers(Settings(data_dir=place)) as servers:
        create_database(servers.database_url)
        with connect(servers.database_url) as connection:
            columns = ", ".join(f"c{i} text" for i in range(1, len(rows[0])))
            connection.execute(f"create temporary table floor (c0 text primary key, {columns})")
            began = time.perf_counter()
            with connection.cursor().copy("copy floor from stdin") as copy:
                for row in rows:
                    copy.write_row(row)
            return time.perf_counter() - began


def measure_pipeline() -> None:
    """Print the cost of each step over the real data, in seconds, MB and multiples of the floor."""
    if not REAL_DATA.is_dir():
        click.echo("pipeline: not measured, the real data is not beside the project")
        return
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        place = Path(directory)
        floor = copy_floor(place / "floor")
        click.echo(f"floor: COPY of the order lines into one keyed table: {floor:.2f} s")
        click.echo(f"{'step':<46}{'seconds':>9}{'x floor':>9}{'cpu s':>9}{'peak MB':>9}")
        _step("db init", ["db", "init"], place, floor)
        for kind, name in IMPORTS:
            _step(f"import {kind} {name}", ["import", kind, str(REAL_DATA / name)], place, floor)
        first = _step("pipeline run (everything new)", ["pipeline", "run"], place, floor)
        second = _step("pipeline run (nothing new)", ["pipeline", "run"], place, floor)
        click.echo(
            f"nothing new / everything new: {second.seconds / first.seconds:.2f} of the seconds,"
            f" {second.processor_seconds / first.processor_seconds:.2f} of the processor's"
        )


def _step(label: str, arguments: list[str], place: Path, floor: float) -> Cost:
    command = [sys.executable, str(PROJECT_ROOT / "cli" / "manage.py"), *arguments]
    environment = {"DATA_DIR": str(place / "data"), "PYTHONDONTWRITEBYTECODE": ""}
    cost = run_measured(command, environment=environment, cwd=PROJECT_ROOT)
    click.echo(
        f"{label:<46}{cost.seconds:>9.1f}{cost.seconds / floor:>9.1f}{cost.processor_seconds:>9.1f}{cost.peak_mb:>9.0f}"
    )
    return cost
