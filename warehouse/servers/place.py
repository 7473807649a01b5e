"""Where servers keep their sockets and what their logs say last."""

import hashlib
import os
import tempfile
from pathlib import Path

# A socket's path may have 107 bytes on Linux; the longest name put behind the directory is `.s.PGSQL.5432.lock`.
LONGEST_DIRECTORY_BYTES = 85


def socket_directory(directory: Path) -> Path:
    """The server's own directory, or a short one named after it when its path is too long for a socket."""
    if len(os.fsencode(directory)) <= LONGEST_DIRECTORY_BYTES:
        return directory
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"marketplace-{os.geteuid()}-{name}-{directory.name}"


def last_line(log: Path, *, telling: str = "") -> str:
    """The last line of a log file with `telling` in it, or else its last line, for an error message."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    wanted = [line for line in lines if telling in line]
    return (wanted or lines or ["its log is empty"])[-1]
