"""The user PostgreSQL runs as when we are root, as it refuses to."""

import fcntl
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from warehouse.servers.errors import ServerStartFailed

SYSTEM_USER = "embedded_postgres"
# Where Debian keeps what only root uses; a PATH made for everybody leaves it out.
ROOT_PROGRAMS = "/usr/sbin:/sbin"


def ensure_system_user(name: str = SYSTEM_USER, *, programs: str | None = None) -> None:
    """Create the user unless it is there. Raises `ServerStartFailed`.

    `programs` are the directories to look for `useradd` in, written as PATH is (default: PATH and root's own).
    """
    with _alone():
        if not _exists(name):
            _create(name, programs)


@contextmanager
def _alone() -> Iterator[None]:
    """One at a time on this machine: two `useradd` at once can each write over the user of the other."""
    directory = os.open("/etc", os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _create(name: str, programs: str | None) -> None:
    useradd = shutil.which("useradd", path=programs or f"{os.environ.get('PATH', '')}:{ROOT_PROGRAMS}")
    if useradd is None:
        raise ServerStartFailed(
            "PostgreSQL refuses to run as root, and useradd, which would make a user for it, is missing. "
            "Install it (Debian: apt-get install passwd), or start as another user than root"
        )
    made = subprocess.run(
        [useradd, "--system", "--shell", "/bin/sh", name], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise ServerStartFailed(f"The user {name}, which PostgreSQL runs as, can't be made: {made.stderr.strip()}")


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
