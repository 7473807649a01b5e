"""What a command and everything under it cost: seconds, those of a processor, and the most memory it held at once."""

import os
import resource
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_SECONDS = 0.25


@dataclass(frozen=True)
class Cost:
    """Wall-clock seconds, processor seconds, and the peak of proportional set sizes, both summed over the tree (MB)."""

    seconds: float
    processor_seconds: float
    peak_mb: float


def run_measured(command: Sequence[str], *, environment: dict[str, str], cwd: Path) -> Cost:
    """Run a command to its end. Raises `CalledProcessError` when it fails; the cost includes servers it starts."""
    began, used = time.perf_counter(), _used_by_children()
    process = subprocess.Popen(command, env=os.environ | environment, cwd=cwd, stdout=subprocess.DEVNULL)
    peak = _Peak(process.pid)
    peak.start()
    status = process.wait()
    peak.stop()
    if status != 0:
        raise subprocess.CalledProcessError(status, command)
    return Cost(
        seconds=time.perf_counter() - began,
        processor_seconds=_used_by_children() - used,
        peak_mb=peak.bytes / 2**20,
    )


def _used_by_children() -> float:
    """Of all that ended and was waited for: a server counts for the command that started and stopped it."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class _Peak(threading.Thread):
    """Samples the tree's memory. Shared pages are counted once, as the kernel divides them (PSS)."""

    def __init__(self, process_id: int) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(process_id)
        self._done = threading.Event()
        self.bytes = 0

    def run(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            try:
                tree = [self._root, *self._root.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            self.bytes = max(self.bytes, sum(_memory(process) for process in tree))

    def stop(self) -> None:
        self._done.set()
        self.join()


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0
