"""What was acknowledged survives `kill -9` of the API, Postgres and Redis, and is stored once."""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

from warehouse.databases import connect
from warehouse.journal import Flusher
from warehouse.loading import load_all
from warehouse.servers import Servers, running_servers
from warehouse.settings import PROJECT_ROOT, Settings

BATCHES = 24
EVENTS_A_BATCH = 20
READY_ATTEMPTS = 600
READY_PAUSE_SECONDS = 0.1


class Api:
    """The API as a process of its own, on servers of its own."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._log = (place / "api.log").open("ab")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self._port}/api/v1", timeout=30, trust_env=False)

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.endswith("_URL")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "api.main:app", "--port", str(self._port), "--no-access-log"],
            cwd=PROJECT_ROOT,
            env=environment | {"DATA_DIR": str(self._place), "API_PORT": str(self._port)},
            stdout=self._log,
            stderr=self._log,
        )
        pause = threading.Event()
        for _ in range(READY_ATTEMPTS):
            if self._is_ready():
                return
            pause.wait(READY_PAUSE_SECONDS)
        pytest.fail(f"the API does not start: {(self._place / 'api.log').read_text()[-2000:]}")

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}/health/ready", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=60)
        self.http.close()
        self._log.close()

    def kill_server(self, name: str) -> None:
        """Kill the embedded server of that name, and nobody else's."""
        for process in psutil.process_iter(["name", "cmdline"]):
            words = " ".join(process.info["cmdline"] or [])
            if process.info["name"] == name and str(self._place) in words:
                process.kill()


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="marketplace-kill-") as directory:
        yield Path(directory)


@pytest.fixture
def api(place: Path) -> Iterator[Api]:
    api = Api(place)
    yield api
    api.stop()


@contextmanager
def servers_of(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    for name in ("DATABASE_URL", "WAREHOUSE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    with running_servers(Settings(data_dir=place)) as servers:
        yield servers


def sign_up(api: Api) -> dict[str, str]:
    answer = api.http.post(
        "/auth/register",
        json={
            "email": f"{uuid4().hex}@example.com",
            "password": "a long enough pass phrase",
            "company_name": "Survivors",
            "role": "buyer",
        },
    )
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def send_batch(api: Api, headers: dict[str, str]) -> set[str]:
    """Ids of a batch the API acknowledged; empty when it did not."""
    ids = {str(uuid4()) for _ in range(EVENTS_A_BATCH)}
    batch = [
        {
            "event_id": event_id,
            "event_name": "category.browsed",
            "occurred_at": datetime.now(UTC).isoformat(),
            "properties": {"category": "writing"},
        }
        for event_id in ids
    ]
    try:
        answer = api.http.post("/analytics/events", json=batch, headers=headers)
    except httpx.TransportError:
        return set()
    if answer.status_code != 202:
        return set()
    assert answer.json()["accepted"] == EVENTS_A_BATCH
    return ids


class TestKill:
    @pytest.mark.parametrize("victim", ["api", "postgres", "redis-server"])
    def test_no_acknowledged_event_is_lost_and_none_counts_twice(
        self, api: Api, place: Path, victim: str, monkeypatch: pytest.MonkeyPatch
    ):
        chance = random.Random(victim)
        api.start()
        headers = sign_up(api)
        acknowledged: set[str] = set()
        fatal = set(chance.sample(range(1, BATCHES), 2))
        for number in range(BATCHES):
            acknowledged |= send_batch(api, headers)
            if number not in fatal:
                continue
            if victim != "api":
                api.kill_server(victim)
                acknowledged |= send_batch(api, headers)
            api.kill()
            api.start()
        api.kill()
        with servers_of(place, monkeypatch) as servers:
            Flusher(servers.redis_url, servers.database_url, max_events=1, interval_seconds=1).flush_all()
            load_all(servers.database_url, servers.warehouse_url)
            with connect(servers.warehouse_url) as connection:
                rows = connection.execute(
                    "select event_id from raw_events.events where event_name = 'category.browsed'"
                ).fetchall()
        stored = [row["event_id"] for row in rows]
        assert len(acknowledged) >= (BATCHES - 4) * EVENTS_A_BATCH
        assert acknowledged - set(stored) == set()
        assert len(stored) == len(set(stored))
