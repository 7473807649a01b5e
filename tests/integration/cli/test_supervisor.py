"""The supervisor: services come up, come back, and leave nothing behind."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli.start.services import Service
from cli.start.supervisor import PortTaken, ServiceFailed, Supervisor, check_ports
from warehouse.settings import PROJECT_ROOT

# Answers every request, and has a grandchild of its own as Dagster has.
SERVER = """
import subprocess, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"well")
    def log_message(self, *arguments): pass
HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def service(*command: str, port: int) -> Service:
    return Service(
        name="sample",
        command=(sys.executable, *command),
        health_url=f"http://127.0.0.1:{port}/",
        url="",
        port=port,
        port_setting="SAMPLE_PORT",
    )


@pytest.fixture
def server() -> Service:
    port = free_port()
    return service("-c", SERVER, str(port), port=port)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    # The grandchild ends for no signal that its parent got: it is waited for in vain, and then killed.
    supervisor = Supervisor(tmp_path, watch_seconds=0.05, stop_timeout_seconds=0.5)
    yield supervisor
    supervisor.stop()


def living_children() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE and "python" in process.name():
                found.append(process)
    return found


class TestCheckPorts:
    def test_a_taken_port_is_named_with_its_setting(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(PortTaken, match=f"port {port} .*SAMPLE_PORT=<free port>"):
                check_ports([service("-c", "", port=port)])

    def test_a_free_port_passes(self):
        check_ports([service("-c", "", port=free_port())])


class TestWaitUntilReady:
    def test_a_service_that_answers_is_ready(self, supervisor: Supervisor, server: Service):
        ready: list[str] = []
        supervisor.start(server)
        supervisor.wait_until_ready(lambda service: ready.append(service.name))
        assert ready == ["sample"]

    def test_a_service_that_ends_at_once_is_named_with_its_last_words(self, supervisor: Supervisor):
        supervisor.start(service("-c", "import sys; sys.exit('no luck today')", port=free_port()))
        with pytest.raises(ServiceFailed, match="sample ended at once: no luck today"):
            supervisor.wait_until_ready(lambda _: None)


class TestStop:
    def test_grandchildren_are_stopped_too(self, supervisor: Supervisor, server: Service):
        before = {process.pid for process in living_children()}
        supervisor.start(server)
        supervisor.wait_until_ready(lambda _: None)
        assert len({process.pid for process in living_children()} - before) == 2
        supervisor.stop()
        assert {process.pid for process in living_children()} <= before


class TestWatch:
    def test_a_killed_service_is_started_again(self, supervisor: Supervisor, server: Service):
        supervisor.start(server)
        supervisor.wait_until_ready(lambda _: None)
        told = threading.Event()

        def tell(line: str) -> None:
            told.set()
            raise KeyboardInterrupt

        for process in psutil.Process().children():
            if str(server.port) in process.cmdline():
                process.send_signal(signal.SIGKILL)
        with pytest.raises(KeyboardInterrupt):
            supervisor.watch(lambda: None, tell)
        assert told.is_set()

    def test_a_service_that_dies_again_and_again_is_given_up(self, supervisor: Supervisor):
        supervisor.start(service("-c", "import sys; sys.exit('broken')", port=free_port()))
        with pytest.raises(ServiceFailed, match="sample died 5 times: broken"):
            supervisor.watch(lambda: None, lambda _: None)


class TestStart:
    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "cli.start", *arguments],
            cwd=PROJECT_ROOT,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def test_a_taken_port_ends_in_one_line(self, tmp_path: Path):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            result = self.run(API_PORT=str(taken.getsockname()[1]), DATA_DIR=str(tmp_path))
        assert result.returncode == 1
        assert "is taken" in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1

    def test_a_wrong_setting_ends_in_one_line(self):
        result = self.run(API_PORT="eighty")
        assert result.returncode == 2
        assert "API_PORT" in result.stderr
        assert "Traceback" not in result.stderr

    def test_a_wrong_database_url_ends_in_one_line(self, tmp_path: Path):
        result = self.run(
            "demo", DATABASE_URL="postgresql://nobody@127.0.0.1:1/x", DATA_DIR=str(tmp_path), API_PORT=str(free_port())
        )
        assert result.returncode == 1
        assert "DATABASE_URL does not lead to a PostgreSQL server" in result.stderr
        assert "Traceback" not in result.stderr

    def test_an_unknown_command_is_wrong_use(self):
        assert self.run("everything").returncode == 2
