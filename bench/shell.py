"""What the shell around a handler costs: a signed-in request to a cached route, against a bare route of the same bytes.

Both run on one uvicorn worker with the same options, one after the other in turns, under the same load. Events are
stored by a process of their own, as in docker-compose.yml. The ratio is what counts; requests a second depend on the
machine and on what else it does.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import click
import httpx
import psutil

from bench.load import load_tool, requests_per_second
from warehouse.servers import running_servers
from warehouse.settings import PROJECT_ROOT, Settings

CONNECTIONS = 16
TURNS = 5
TURN_SECONDS = 2.0
WARM_UP_SECONDS = 1.0
START_SECONDS = 120.0
ROUTE = "/api/v1/analytics/metrics"
FLOOR = 0.5
UVICORN = ("--workers", "1", "--no-access-log", "--no-proxy-headers", "--log-level", "warning")


@dataclass(frozen=True)
class Served:
    """A running app. `processor_seconds` is what it used so far, on all cores."""

    url: str
    process: psutil.Process

    def processor_seconds(self) -> float:
        """User and system time of the process."""
        times = self.process.cpu_times()
        return times.user + times.system


@dataclass(frozen=True)
class Speed:
    """Requests a second, and the microseconds of a processor that each took in the server."""

    per_second: float
    processor_us: float


def measure_shell() -> None:
    """Print the speed of both, and the ratios with their spread."""
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as directory:
        place = Path(directory)
        environment = {
            "DATA_DIR": str(place / "data"),
            "LOG_LEVEL": "INFO",
            # Counted as always, and never used up.
            "RATE_LIMITS_ENABLED": "true",
            "RATE_LIMIT_MULTIPLIER": "1000000",
            "API_FLUSHES_EVENTS": "false",
            "PASSWORD_BCRYPT_COST": "4",
        }
        with (
            running_servers(Settings(data_dir=place / "data")),
            _served("api.main:app", "/health/ready", environment, log=place / "service.log") as service,
            _flusher(environment, log=place / "flusher.log"),
        ):
            headers = _signed_in(service.url)
            answer = httpx.get(service.url + ROUTE, headers=headers, trust_env=False)
            answer.raise_for_status()
            (place / "answer.json").write_bytes(answer.content)
            answered = {"BENCH_ANSWER": str(place / "answer.json")}
            with _served("bench.bare:app", "/bytes", answered, log=place / "bare.log") as bare:
                click.echo(f"shell: {len(answer.content)} bytes, {CONNECTIONS} connections, {load_tool()}")
                _compare(bare, service, headers)


def _compare(bare: Served, service: Served, headers: dict[str, str]) -> None:
    for served, path in ((bare, "/bytes"), (service, ROUTE)):
        _measure(served, path, headers, seconds=WARM_UP_SECONDS)
    ratios, processor = [], []
    for turn in range(TURNS):
        order = ((bare, "/bytes"), (service, ROUTE))
        measured = {
            path: _measure(served, path, headers, seconds=TURN_SECONDS)
            for served, path in (order if turn % 2 == 0 else order[::-1])
        }
        floor, shelled = measured["/bytes"], measured[ROUTE]
        ratios.append(shelled.per_second / floor.per_second)
        processor.append(floor.processor_us / shelled.processor_us)
        click.echo(
            f"bare {floor.per_second:>7.0f}/s {floor.processor_us:>5.0f} us   "
            f"with the shell {shelled.per_second:>7.0f}/s {shelled.processor_us:>5.0f} us   "
            f"ratio {ratios[-1]:.2f}, of processor time {processor[-1]:.2f}"
        )
    median = statistics.median(ratios)
    said = "keeps at least half" if median >= FLOOR else "keeps LESS than half"
    click.echo(f"ratio {median:.2f} (from {min(ratios):.2f} to {max(ratios):.2f}): {said}")
    click.echo(
        f"of processor time in the server {statistics.median(processor):.2f} "
        f"(from {min(processor):.2f} to {max(processor):.2f}): what is left of the ratio where nobody else is at work"
    )


def _measure(served: Served, path: str, headers: dict[str, str], *, seconds: float) -> Speed:
    used = served.processor_seconds()
    rate = requests_per_second(served.url + path, headers, connections=CONNECTIONS, seconds=seconds)
    return Speed(rate, (served.processor_seconds() - used) / (rate * seconds) * 1e6)


@contextmanager
def _served(app: str, health: str, environment: dict[str, str], *, log: Path) -> Iterator[Served]:
    """An app on one uvicorn worker; its log lines go to a file, as they would anywhere."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "uvicorn", app, "--host", "127.0.0.1", "--port", str(port), *UVICORN]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | environment, cwd=PROJECT_ROOT, stdout=output)
        try:
            _wait_for(url + health, process)
            yield Served(url, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait()


@contextmanager
def _flusher(environment: dict[str, str], *, log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "cli.manage", "events", "flush", "--follow"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | environment, cwd=PROJECT_ROOT, stdout=output)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"it did not start: {url}")


def _signed_in(service: str) -> dict[str, str]:
    body = {
        "email": f"{uuid4().hex}@acme.example",
        "password": uuid4().hex,
        "company_name": "Acme",
        "role": "buyer",
    }
    answer = httpx.post(f"{service}/api/v1/auth/register", json=body, trust_env=False)
    answer.raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
