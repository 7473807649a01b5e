"""A marketplace on servers of its own, made of processes that can be killed: API, flusher, Postgres, Redis."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from uuid import uuid4

import httpx
import psutil

from warehouse.servers import Servers, running_servers
from warehouse.settings import PROJECT_ROOT, Settings

Victim = Literal["api", "flusher", "postgres", "redis"]
Started = Literal["api", "second-api", "flusher"]
SERVER_PROCESSES: dict[str, str] = {"postgres": "postgres", "redis": "redis-server"}
READY_SECONDS = 120.0
PAUSE_SECONDS = 0.1


class DidNotStart(Exception):
    """The API does not answer; the message ends with the last lines of its log."""


class Marketplace:
    """The processes, in one directory. `start` them, `kill` one, `stop` all."""

    def __init__(self, place: Path, **settings: str) -> None:
        self._place = place
        self._ports = {"api": _free_port(), "second-api": _free_port()}
        self.url = f"http://127.0.0.1:{self._ports['api']}/api/v1"
        self._settings = {
            "DATA_DIR": str(place),
            "API_PORT": str(self._ports["api"]),
            "PASSWORD_BCRYPT_COST": "4",
            "RATE_LIMITS_ENABLED": "false",
            "API_FLUSHES_EVENTS": "false",
            "EVENT_FLUSH_INTERVAL_SECONDS": "1",
            "PYTHONDONTWRITEBYTECODE": "",
            **settings,
        }
        self._commands = {
            name: ("-m", "uvicorn", "api.main:app", "--port", str(port), "--no-access-log")
            for name, port in self._ports.items()
        } | {"flusher": ("cli/manage.py", "events", "flush", "--follow")}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def ports(self) -> list[int]:
        """Where those APIs that were started answer."""
        return [port for name, port in self._ports.items() if name in self._processes]

    def start(self, name: Started) -> None:
        """Start a process; returns when the API answers. The second one is a replica of the first."""
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        with (self._place / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *self._commands[name]],
                cwd=PROJECT_ROOT,
                env=environment | self._settings,
                stdout=log,
                stderr=log,
            )
        if name in self._ports:
            self._wait_until_ready(name)

    def _wait_until_ready(self, name: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready(self._ports[name]):
            if time.monotonic() > deadline:
                raise DidNotStart((self._place / f"{name}.log").read_text()[-2000:])
            time.sleep(PAUSE_SECONDS)

    def _is_ready(self, port: int) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self, victim: Victim) -> None:
        """Kill -9. The API and the flusher are started again; the API brings its servers back by itself."""
        if victim == "api" or victim == "flusher":
            self._processes[victim].kill()
            self._processes[victim].wait()
            self.start(victim)
            return
        for process in psutil.process_iter(["name", "cmdline"]):
            words = " ".join(process.info["cmdline"] or [])
            if process.info["name"] == SERVER_PROCESSES[victim] and str(self._place) in words:
                process.kill()

    def parts(self) -> dict[str, psutil.Process]:
        """The processes by what they are; of Postgres the one that all others of it come from."""
        found = {name: psutil.Process(process.pid) for name, process in self._processes.items()}
        for process in psutil.process_iter(["name", "cmdline"]):
            words = " ".join(process.info["cmdline"] or [])
            for part, name in SERVER_PROCESSES.items():
                if process.info["name"] == name and str(self._place) in words:
                    found[part] = process
        return found

    def sign_up(self) -> dict[str, str]:
        """The headers of a new buyer."""
        body = {
            "email": f"{uuid4().hex}@example.com",
            "password": "a long enough pass phrase",
            "company_name": "Survivors",
            "role": "buyer",
        }
        answer = httpx.post(f"{self.url}/auth/register", json=body, trust_env=False, timeout=30).raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def stop(self) -> None:
        """End the processes as an operator would."""
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextmanager
    def servers(self) -> Iterator[Servers]:
        """The servers with what is in them, beside the processes or after they have ended."""
        with running_servers(
            Settings(data_dir=self._place, database_url=None, warehouse_url=None, redis_url=None)
        ) as up:
            yield up


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
