"""Files of the data directory that may hold what belongs to somebody: their owner alone reads and writes them."""

import os
from contextlib import suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, cast

PRIVATE = 0o600


def private_opener(path: str, flags: int) -> int:
    """For `open(..., opener=private_opener)`: a file that is there and others may read is closed to them."""
    handle = os.open(path, flags, PRIVATE)
    # One that somebody else owns is theirs to close.
    with suppress(PermissionError):
        os.fchmod(handle, PRIVATE)
    return handle


def open_log(path: Path) -> IO[bytes]:
    """A log of a process of ours, to be appended to."""
    return open(path, "ab", opener=private_opener)


class PrivateLogHandler(RotatingFileHandler):
    """Writes a log of ours, and what it rotates into."""

    def _open(self) -> TextIOWrapper:
        return cast(TextIOWrapper, open(self.baseFilename, self.mode, encoding="utf-8", opener=private_opener))
