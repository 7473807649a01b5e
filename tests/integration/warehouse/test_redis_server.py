"""The embedded Redis: what it answers is written, and one that hangs gets no second beside it and ends in time."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

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


class TestEnsureRunning:
    def test_what_it_answers_is_in_its_file_however_busy_the_disk_is(self, tmp_path: Path) -> None:
        server = EmbeddedRedis(tmp_path / "redis")
        server.ensure_running()
        try:
            with redis.Redis.from_url(server.url) as client:
                # Not `everysec`: it postpones writes while the disk is busy.
                assert client.config_get("append*") | {"appendfilename": ""} == {
                    "appendonly": "yes", "appendfsync": "no", "appendfilename": "",
                }  # fmt: skip
        finally:
            server.stop()


class TestHang:
    def test_no_second_server_is_started_on_the_same_files(self, hanging: EmbeddedRedis) -> None:
        with pytest.raises(ServerStartFailed, match="runs and does not answer"):
            hanging.ensure_running()
        assert len(processes_in(hanging.socket.parent)) == 1

    def test_stopping_ends_it_all_the_same(self, hanging: EmbeddedRedis) -> None:
        hanging.stop()
        assert processes_in(hanging.socket.parent) == []
