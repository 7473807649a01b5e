"""Runs services as children and leaves none behind."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from cli.failure import CommandFailed
from cli.start.services import Service
from warehouse.private_file import open_log
from warehouse.servers import ServerStartFailed
from warehouse.servers.place import last_line
from warehouse.settings import PROJECT_ROOT

READY_TIMEOUT_SECONDS = 120.0
STOP_TIMEOUT_SECONDS = 10.0
WATCH_SECONDS = 1.0
# A service that dies again at once is not restarted for ever.
RESTARTS_MAX = 5
EMBEDDED_SERVERS = frozenset({"postgres", "redis-server"})

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


class ServiceFailed(CommandFailed):
    """A service can't start or can't stay up; the message says why and where its log is."""


class PortTaken(CommandFailed):
    """Somebody else listens on a port we need."""


def check_ports(services: Sequence[Service]) -> None:
    """Raise `PortTaken` naming every port that is not free and its setting."""
    taken = [service for service in services if service.port is not None and not _is_free(service.port)]
    if taken:
        named = ", ".join(f"{service.port} (for {service.name})" for service in taken)
        choices = " ".join(f"{service.port_setting}=<free port>" for service in taken)
        raise PortTaken(f"port {named} is taken. Stop what uses it, or choose another: {choices} ./start.sh")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A port left in TIME_WAIT by our own last run counts as free, as it does for the servers.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Supervisor:
    """Starts services, restarts those that die, and stops them all with everything they started."""

    def __init__(
        self,
        log_directory: Path,
        *,
        watch_seconds: float = WATCH_SECONDS,
        stop_timeout_seconds: float = STOP_TIMEOUT_SECONDS,
    ) -> None:
        log_directory.mkdir(parents=True, exist_ok=True)
        self._log_directory = log_directory
        self._watch_seconds = watch_seconds
        self._stop_timeout_seconds = stop_timeout_seconds
        self._running: dict[Service, subprocess.Popen[bytes]] = {}
        self._restarts: dict[Service, int] = {}
        # Orphans of our children come to us instead of to init, so that they can be stopped and reaped.
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def log(self, service: Service) -> Path:
        """Where a service's output goes."""
        return self._log_directory / f"{service.name}.log"

    def start(self, service: Service) -> None:
        """Start a service in a process group of its own; Ctrl-C reaches it through us."""
        with open_log(self.log(service)) as log:
            self._running[service] = subprocess.Popen(
                service.command,
                cwd=PROJECT_ROOT,
                env=os.environ | service.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def wait_until_ready(self, on_ready: Callable[[Service], None]) -> None:
        """Wait for every started service to answer. Raises `ServiceFailed`."""
        waiting = list(self._running)
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        while waiting:
            for service in list(waiting):
                if _is_healthy(service):
                    waiting.remove(service)
                    on_ready(service)
                elif self._running[service].poll() is not None:
                    raise ServiceFailed(f"{service.name} ended at once: {self._last_words(service)}")
            if waiting and time.monotonic() > deadline:
                names = ", ".join(service.name for service in waiting)
                raise ServiceFailed(f"{names} did not answer in time; see {self.log(waiting[0])}")
            time.sleep(0.2)

    def watch(self, keep_servers: Callable[[], None], on_event: Callable[[str], None]) -> None:
        """Keep services and servers alive until a signal. Raises `ServiceFailed` when one dies again and again."""
        while True:
            time.sleep(self._watch_seconds)
            with contextlib.suppress(ServerStartFailed):
                keep_servers()
            for service, process in list(self._running.items()):
                if process.poll() is None:
                    continue
                self._restarts[service] = self._restarts.get(service, 0) + 1
                if self._restarts[service] > RESTARTS_MAX:
                    raise ServiceFailed(f"{service.name} died {RESTARTS_MAX} times: {self._last_words(service)}")
                on_event(f"{service.name} died (status {process.returncode}) and is started again")
                self.start(service)

    def stop(self) -> None:
        """Stop every service and all their descendants, politely first."""
        descendants = _descendants()
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        _, stubborn = psutil.wait_procs(descendants, timeout=self._stop_timeout_seconds)
        for child in stubborn:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(stubborn, timeout=self._stop_timeout_seconds)
        for process in self._running.values():
            process.wait()
        self._running.clear()
        _reap_orphans()

    def _last_words(self, service: Service) -> str:
        return f"{last_line(self.log(service))} (see {self.log(service)})"


@contextmanager
def supervising(log_directory: Path) -> Iterator[Supervisor]:
    """A supervisor that stops what it started, however the block ends. SIGTERM counts as Ctrl-C."""
    supervisor = Supervisor(log_directory)
    # Named as well, because a shell starts background jobs with SIGINT ignored.
    for number in STOP_SIGNALS:
        signal.signal(number, _interrupt)
    try:
        yield supervisor
    finally:
        # A second Ctrl-C must not leave half of them running.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        supervisor.stop()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _die_with_parent() -> None:
    # When we are killed with no chance to stop our children, the kernel does.
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _descendants() -> list[psutil.Process]:
    """Everything our services started, however deep; embedded servers are stopped by whoever leaves them last."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.name() not in EMBEDDED_SERVERS:
                found.append(child)
    return found


def _reap_orphans() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _is_healthy(service: Service) -> bool:
    if service.health_url is None:
        return True
    try:
        return httpx.get(service.health_url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False
