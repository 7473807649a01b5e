"""How long an event takes to the figure it is in: sent through HTTP, counted by the pipeline, read through the API."""

import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from uuid import uuid4

import click
import httpx

from bench.marketplace import Marketplace
from orchestration.home import prepare_dagster_home
from warehouse.databases import connect
from warehouse.settings import PROJECT_ROOT

EVENTS_A_SECOND = 500
SECONDS = 300
BATCHES_A_SECOND = 2
# One of so many events is a search: the figure that is read counts them, so each of them is a probe.
PROBE_EVERY = 5
OTHERS = ("prompt.viewed", "category.browsed", "prompt.clicked", "prompt.viewed")
POLL_SECONDS = 0.5
# After the last event; what is not served by then never will be.
PATIENCE_SECONDS = 900
AIM_SECONDS = 90


@dataclass
class Probes:
    """When each search was sent, in its order, and when as many were served."""

    sent: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)

    def serve(self, count: int, moment: float) -> None:
        """The figure says so many, as of this moment."""
        self.served += [moment] * (min(count, len(self.sent)) - len(self.served))

    @property
    def ages(self) -> list[float]:
        """Seconds from each event to the first figure with it."""
        return [served - sent for sent, served in zip(self.sent, self.served, strict=False)]


def measure_freshness() -> None:
    """Print how old events are when the figure with them is served."""
    probes = Probes()
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        place = Path(directory)
        marketplace = Marketplace(place)
        marketplace.start("api")
        try:
            marketplace.start("flusher")
            buyer, operator = marketplace.sign_up(), _operator(marketplace)
            _run_pipeline(place)
            with _dagster(place):
                sender = threading.Thread(target=_send, args=(marketplace.url, buyer, probes))
                sender.start()
                _watch(marketplace.url, operator, probes, sender)
                sender.join()
        finally:
            marketplace.stop()
    ages = probes.ages
    served = f"{len(ages):,} of {len(probes.sent):,} searches served"
    if len(ages) < 2:
        click.echo(f"{served}: nothing to measure")
        return
    click.echo(
        f"{EVENTS_A_SECOND} events/s for {SECONDS} s, {served}: p50 {median(ages):.1f} s,"
        f" p95 {quantiles(ages, n=20)[-1]:.1f} s (aim {AIM_SECONDS}), max {max(ages):.1f} s;"
        f" load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


def _operator(marketplace: Marketplace) -> dict[str, str]:
    """The headers of somebody who may read the figures of the whole."""
    body = {"email": f"{uuid4().hex}@example.com", "password": "a long enough pass phrase"}
    with httpx.Client(base_url=marketplace.url, trust_env=False, timeout=30) as client:
        client.post("/auth/register", json={**body, "company_name": "Operators", "role": "buyer"}).raise_for_status()
        with marketplace.servers() as servers, connect(servers.database_url) as connection:
            connection.execute("update users set role = 'admin' where email = %s", [body["email"]])
        tokens = client.post("/auth/login", json=body).raise_for_status().json()
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def _environment(place: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    return {
        **inherited,
        "DATA_DIR": str(place),
        "DAGSTER_HOME": str(prepare_dagster_home(place)),
        "PYTHONDONTWRITEBYTECODE": "",
    }


def _run_pipeline(place: Path) -> None:
    """The first run, which makes every table."""
    command = [sys.executable, "cli/manage.py", "pipeline", "run"]
    subprocess.run(command, cwd=PROJECT_ROOT, env=_environment(place), stdout=subprocess.DEVNULL, check=True)


@contextmanager
def _dagster(place: Path) -> Iterator[None]:
    """Dagster with its daemon, as `./start.sh` starts it: its sensor runs the pipeline."""
    command = [str(Path(sys.executable).parent / "dagster-daemon"), "run", "-w", "workspace.yaml"]
    with (place / "dagster.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=_environment(place), stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _send(url: str, headers: dict[str, str], probes: Probes) -> None:
    """Send at an even rate; a batch that comes late does not slow those after it down."""
    size = EVENTS_A_SECOND // BATCHES_A_SECOND
    names = itertools.cycle(["search.performed", *OTHERS][:PROBE_EVERY])
    began = time.monotonic()
    with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        for number in range(SECONDS * BATCHES_A_SECOND):
            time.sleep(max(0.0, began + number / BATCHES_A_SECOND - time.monotonic()))
            batch = [_event(next(names)) for _ in range(size)]
            moment = time.monotonic()
            client.post("/analytics/events", json=batch).raise_for_status()
            probes.sent += [moment] * sum(event["event_name"] == "search.performed" for event in batch)


def _event(name: str) -> dict[str, object]:
    properties = {"query": "plan", "result_count": 3} if name == "search.performed" else {"category": "writing"}
    return {
        "event_id": str(uuid4()),
        "event_name": name,
        "occurred_at": datetime.now(UTC).isoformat(),
        "session_id": "bench",
        "properties": properties,
    }


def _watch(url: str, headers: dict[str, str], probes: Probes, sender: threading.Thread) -> None:
    """Read the figure again and again until it counts every search, or nobody can wait any longer."""
    first = datetime.now(UTC).date().isoformat()
    deadline = None
    with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        while deadline is None or time.monotonic() < deadline:
            today = datetime.now(UTC).date().isoformat()
            asked = {"metric": "search_count", "date_from": first, "date_to": today}
            answer = client.get("/analytics/overview", params=asked)
            if answer.is_success:
                probes.serve(sum(int(item["value"]) for item in answer.json()["items"]), time.monotonic())
            if not sender.is_alive():
                if len(probes.served) == len(probes.sent):
                    return
                deadline = deadline or time.monotonic() + PATIENCE_SECONDS
            time.sleep(POLL_SECONDS)
