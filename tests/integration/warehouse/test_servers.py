"""Embedded servers: shared by processes, brought back after a kill, stopped by the last who leaves."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.waiting import wait_until
from warehouse.databases import connect, create_database
from warehouse.servers import ServerUnreachable, running_servers
from warehouse.settings import PROJECT_ROOT, Settings, with_database

HOLD = """
import sys
from warehouse.servers import running_servers
from warehouse.settings import get_settings
with running_servers(get_settings()):
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="marketplace-servers-") as directory:
        yield Path(directory)


@pytest.fixture
def own_settings(place: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a data directory of their own and no URL."""
    for name in ("DATABASE_URL", "WAREHOUSE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(place))
    return Settings()


def processes_of(place: Path) -> list[psutil.Process]:
    """Living servers that were started in `place`."""
    found = []
    for process in psutil.process_iter(["name", "cmdline", "status"]):
        words = " ".join(process.info["cmdline"] or [])
        if process.info["name"] in ("postgres", "redis-server") and (str(place) in words or place.name in words):
            found.append(process)
    return found


def holder(place: Path) -> "subprocess.Popen[str]":
    """Another process that uses the servers of `place` until its standard input is closed."""
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_URL")}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env=environment | {"DATA_DIR": str(place), "PYTHONPATH": str(PROJECT_ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


class TestRunningServers:
    def test_nothing_runs_after_the_last_user_left(self, own_settings: Settings, place: Path):
        with running_servers(own_settings):
            assert processes_of(place)
        assert not [p for p in processes_of(place) if p.status() != psutil.STATUS_ZOMBIE]

    def test_servers_stay_for_the_other_process(self, own_settings: Settings, place: Path):
        other = holder(place)
        with running_servers(own_settings) as servers:
            url = servers.database_url
        connect(with_database(url, "postgres")).close()
        other.communicate(timeout=60)
        assert not [p for p in processes_of(place) if p.status() != psutil.STATUS_ZOMBIE]

    def test_a_killed_user_does_not_keep_the_servers_alive(self, own_settings: Settings, place: Path):
        other = holder(place)
        with running_servers(own_settings):
            other.kill()
            other.wait()
        assert not [p for p in processes_of(place) if p.status() != psutil.STATUS_ZOMBIE]

    def test_servers_orphaned_by_a_kill_are_taken_over(self, own_settings: Settings, place: Path):
        other = holder(place)
        other.kill()
        other.wait()
        with running_servers(own_settings) as servers:
            connect(with_database(servers.database_url, "postgres")).close()

    def test_a_killed_server_nobody_collected_is_replaced(self, own_settings: Settings, place: Path):
        # A zombie keeps its process id, which is in the lock files of the data and of the socket.
        other = holder(place)
        (postmaster,) = [p for p in processes_of(place) if p.name() == "postgres" and p.ppid() == other.pid]
        postmaster.kill()
        wait_until(lambda: postmaster.status() == psutil.STATUS_ZOMBIE, "it is dead")
        with running_servers(own_settings) as servers:
            connect(with_database(servers.database_url, "postgres")).close()
        other.communicate(timeout=60)

    def test_two_data_directories_have_servers_of_their_own(self, own_settings: Settings, place: Path):
        other = holder(place / "other")
        with running_servers(own_settings) as servers:
            create_database(servers.database_url)
            connect(servers.database_url).close()
        other.communicate(timeout=60)


class TestEnsureRunning:
    @pytest.mark.parametrize("name", ["postgres", "redis-server"])
    def test_a_killed_server_comes_back_with_its_data(self, own_settings: Settings, place: Path, name: str):
        import redis

        with running_servers(own_settings) as servers:
            create_database(servers.database_url)
            with connect(servers.database_url) as connection:
                connection.execute("create table kept as select 1 as one")
            with redis.Redis.from_url(servers.redis_url) as client:
                client.xadd("kept", {"one": 1})
            for process in processes_of(place):
                if process.name() == name and process.ppid() == os.getpid():
                    process.send_signal(signal.SIGKILL)
            servers.ensure_running()
            with connect(servers.database_url) as connection:
                assert connection.execute("select one from kept").fetchall() == [{"one": 1}]
            with redis.Redis.from_url(servers.redis_url) as client:
                assert client.xlen("kept") == 1


class TestUrls:
    def test_a_wrong_database_url_is_named_without_its_password(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql://user:hidden-word@127.0.0.1:1/marketplace")
        monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
        with pytest.raises(ServerUnreachable, match="DATABASE_URL") as raised, running_servers(Settings()):
            pass
        assert "hidden-word" not in str(raised.value)
