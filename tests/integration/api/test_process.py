"""The service as a process of its own, on embedded servers of its own: `uvicorn api.main:app` and nothing else."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

from tests.waiting import wait_until
from warehouse.settings import PROJECT_ROOT

DEADLINE_SECONDS = 60
EMBEDDED = ("postgres", "redis-server")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def embedded_servers(place: Path, *names: str) -> list[psutil.Process]:
    """The embedded servers under a directory, without their children."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if process.info["name"] in (names or EMBEDDED) and str(place) in words:
            found.append(process)
    return found


class Service:
    """A started process and a client of it."""

    def __init__(self, place: Path) -> None:
        port = free_port()
        self.log = place / "api.log"
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", "api.main:app", "--port", str(port)],
                cwd=PROJECT_ROOT,
                env=environment | {"DATA_DIR": str(place), "API_PORT": str(port)},
                stdout=log,
                stderr=log,
            )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE_SECONDS, trust_env=False)

    def status(self, path: str) -> int | None:
        """The status of an answer; None when there is none."""
        try:
            return self.http.get(path).status_code
        except httpx.TransportError:
            return None

    def wait_until(self, path: str, status: int) -> None:
        what = f"{path} answers {status}, see {self.log}"
        wait_until(lambda: self.status(path) == status, what, goes_on=lambda: self.process.poll() is None)

    def stop(self) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=DEADLINE_SECONDS)


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory(prefix="marketplace-process-") as directory:
        yield Path(directory)


@pytest.fixture
def started(place):
    service = Service(place)
    yield service
    service.stop()


def registration():
    return {
        "email": f"{uuid4().hex}@acme.example",
        "password": "a long enough password",
        "company_name": "Acme",
        "role": "seller",
    }


class TestProcess:
    def test_starts_from_nothing_and_leaves_nothing_running(self, started, place):
        started.wait_until("/health/ready", 200)
        assert started.http.post("/api/v1/auth/register", json=registration()).status_code == 201
        assert {process.info["name"] for process in embedded_servers(place)} == set(EMBEDDED)
        started.stop()
        assert embedded_servers(place) == []

    @pytest.mark.parametrize("victim", EMBEDDED)
    def test_brings_back_a_server_that_was_killed(self, started, place, victim):
        started.wait_until("/health/ready", 200)
        killed = embedded_servers(place, victim)
        for process in killed:
            process.kill()
            process.wait()
        wait_until(lambda: embedded_servers(place, victim), f"{victim} runs again")
        started.wait_until("/health/ready", 200)
        assert started.http.post("/api/v1/auth/register", json=registration()).status_code == 201
        assert killed != []

    def test_logs_one_line_of_json_a_request(self, started):
        started.wait_until("/health/ready", 200)
        started.http.get("/api/v1/auth/me", headers={"X-Request-ID": "logged-1"})
        started.stop()
        (line,) = [line for line in started.log.read_text().splitlines() if "logged-1" in line]
        assert line.startswith("{")
        assert '"route":"/api/v1/auth/me"' in line
        assert '"status":401' in line
