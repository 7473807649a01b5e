"""An embedded Redis that hangs: no second one beside it, and an end in bounded time."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from warehouse.servers import ServerStartFailed
from warehouse.servers.redis import EmbeddedRedis


def processes_in(directory: Path) -> list[psutil.Process]:
    # A running Redis shows its socket instead of its arguments.
    return [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "redis-server" and str(directory) in " ".join(process.info["cmdline"] or [])
    ]


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(tmp_path / "redis", answer_seconds=0.3)
    server.ensure_running()
    [process] = processes_in(server.socket.parent)
    os.kill(process.pid, signal.SIGSTOP)
    yield server
    for left in processes_in(server.socket.parent):
        left.kill()


class TestHang:
    def test_no_second_server_is_started_on_the_same_files(self, hanging: EmbeddedRedis) -> None:
        with pytest.raises(ServerStartFailed, match="runs and does not answer"):
            hanging.ensure_running()
        assert len(processes_in(hanging.socket.parent)) == 1

    def test_stopping_ends_it_all_the_same(self, hanging: EmbeddedRedis) -> None:
        hanging.stop()
        assert processes_in(hanging.socket.parent) == []
