"""Who uses the embedded servers right now, counted by the kernel.

Each process that uses the servers holds a shared lock on one file. The lock goes with the process however it dies, so
there are no process ids to clean up; whoever can take the lock alone was the last one and stops the servers.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Lease:
    """A shared lock on `users.lock`, and the short exclusive lock under which servers start and stop."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._users = os.open(directory / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._changes = directory / "changes.lock"

    @contextmanager
    def change(self) -> Iterator[None]:
        """Only one process at a time may start or stop servers."""
        handle = os.open(self._changes, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def take(self) -> None:
        """Count this process as a user. Call inside `change`."""
        fcntl.flock(self._users, fcntl.LOCK_SH)

    def is_last(self) -> bool:
        """Whether no other process uses the servers. Call inside `change`."""
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def drop(self) -> None:
        """Stop counting this process."""
        os.close(self._users)
