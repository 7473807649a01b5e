"""The simulator as a process of its own: how it starts, how it refuses to, how it ends."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
import stripe
import uvicorn

from simulators.stripe.app import create_app
from simulators.stripe.config import SimulatorConfig
from simulators.stripe.server import bind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-m", "simulators.stripe"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address, once it says that it listens."""
    command = [*COMMAND, *arguments]
    env = {**os.environ, **environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            match = re.match(r"Stripe simulator on (http://\S+),", process.stdout.readline())
            assert match is not None
            yield process, match[1]
        finally:
            process.kill()


def sdk_for(address: str) -> stripe.StripeClient:
    return stripe.StripeClient("sk_test_shop", base_addresses={"api": address})


class TestStart:
    def test_help_tells_the_options(self) -> None:
        result = run("--help")
        assert result.returncode == 0
        for option in ("--port", "--webhook-url", "--webhook-secret", "--data", "--seed"):
            assert option in result.stdout

    def test_settings_come_from_the_environment(self, tmp_path: Path) -> None:
        environment = {
            "STRIPE_SIMULATOR_PORT": "0",
            "STRIPE_SIMULATOR_WEBHOOK_URL": "http://127.0.0.1:9/webhooks",
            "STRIPE_WEBHOOK_SECRET": "whsec_environment",
            "DATA_DIR": str(tmp_path / "data"),
        }
        with started(**environment) as (_, address):
            assert httpx.get(f"{address}/health").json()["status"] == "ok"
        assert (tmp_path / "data" / "stripe-simulator.sqlite").exists()

    def test_taken_port_is_one_line_and_exit_2(self, tmp_path: Path) -> None:
        with bind("127.0.0.1", 0) as taken:
            port = taken.getsockname()[1]
            result = run("--port", str(port), "--data", str(tmp_path / "stripe.sqlite"))
        assert result.returncode == 2
        assert result.stderr.count("\n") == 1
        assert f"Cannot listen on 127.0.0.1:{port}" in result.stderr

    def test_data_of_another_simulator_is_refused(self, tmp_path: Path) -> None:
        arguments = ("--port", "0", "--data", str(tmp_path / "stripe.sqlite"))
        with started(*arguments):
            result = run(*arguments)
        assert result.returncode == 2
        assert "is in use by another simulator" in result.stderr

    @pytest.mark.parametrize(
        ("statement", "message"),
        [(None, "is not a SQLite file"), ("pragma user_version = 99", "has layout 99")],
    )
    def test_foreign_file_is_refused(self, tmp_path: Path, statement: str | None, message: str) -> None:
        data = tmp_path / "foreign"
        if statement is None:
            data.write_text("not a database, but long enough to have a header of one hundred bytes" * 2)
        else:
            with sqlite3.connect(data) as connection:
                connection.execute(statement)
            connection.close()
        result = run("--port", "0", "--data", str(data))
        assert result.returncode == 2
        assert result.stderr.count("\n") == 1
        assert message in result.stderr

    def test_webhook_url_without_secret_is_refused(self, tmp_path: Path) -> None:
        result = run(
            "--port", "0", "--data", str(tmp_path / "s"), "--webhook-url", "http://shop.example", "--webhook-secret", ""
        )
        assert result.returncode == 2
        assert "STRIPE_WEBHOOK_SECRET" in result.stderr


class TestStop:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_signal_ends_it_cleanly_under_way(self, tmp_path: Path, number: signal.Signals) -> None:
        receiver = ("--webhook-url", "http://127.0.0.1:9/", "--webhook-secret", "whsec_x")
        with started("--port", "0", "--data", str(tmp_path / "s"), *receiver) as (process, address):
            sdk_for(address).v1.customers.create()
            process.send_signal(number)
            _, errors = process.communicate(timeout=10)
        assert process.returncode == 0
        assert errors == ""

    def test_killed_process_has_lost_nothing(self, tmp_path: Path) -> None:
        arguments = ("--port", "0", "--data", str(tmp_path / "s"))
        with started(*arguments) as (process, address):
            customer = sdk_for(address).v1.customers.create(params={"name": "Kept"})
            process.kill()
            process.wait(timeout=10)
        with started(*arguments) as (_, address):
            assert sdk_for(address).v1.customers.retrieve(customer.id).name == "Kept"


class TestOtherServer:
    def test_plain_uvicorn_drops_connections_too(self, tmp_path: Path) -> None:
        app = create_app(SimulatorConfig(data=tmp_path / "s"))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        with bind("127.0.0.1", 0) as listener:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            httpx.put(f"{address}/_simulator/faults", json={"drop_connection_next": 1})
            with pytest.raises(httpx.RemoteProtocolError):
                httpx.get(f"{address}/v1/charges")
            assert httpx.get(f"{address}/v1/charges").status_code == 401
            server.should_exit = True
            thread.join()
