"""What Redis keeps on disk says nothing any more of who was erased."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from tests.waiting import wait_until
from warehouse.erasure.sources import rewrite_redis_file
from warehouse.servers.redis import EmbeddedRedis

EMAIL = b"ana@acme.example"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(tmp_path / "redis")
    server.ensure_running()
    yield server
    server.stop()


def on_disk(server: EmbeddedRedis) -> bytes:
    return (server.directory / "appendonly.aof").read_bytes()


class TestRewriteRedisFile:
    def test_what_waited_once_is_gone_and_what_waits_stays(self, server: EmbeddedRedis):
        with closing(redis.Redis.from_url(server.url)) as client:
            stored = client.xadd("stream", {"events": EMAIL})
            client.xdel("stream", stored)
            client.set("waits", "still")
            wait_until(lambda: EMAIL in on_disk(server), "the file has what waited")
            rewrite_redis_file(server.url)
            wait_until(lambda: EMAIL not in on_disk(server), "the file is written anew")
            assert client.get("waits") == b"still"

    def test_a_server_without_the_file_is_left_alone(self, server: EmbeddedRedis):
        with closing(redis.Redis.from_url(server.url)) as client:
            client.config_set("appendonly", "no")
            rewrite_redis_file(server.url)
            assert not client.info("persistence")["aof_rewrite_in_progress"]
