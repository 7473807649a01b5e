"""Files and directories that appear under their name when they are whole, and lie beside it until then."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO, TypeVar

# Made by us or not at all: what stands there under this name, if only as a link to elsewhere, is never written to.
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW

Made = TypeVar("Made")


@contextmanager
def unfinished_file(path: Path) -> Iterator[IO[bytes]]:
    """A file only its owner can read. It replaces one that is there. Raises `OSError`; then nothing is changed."""
    with (
        _beside(path, lambda hidden: os.open(hidden, _NEW_FILE, 0o600), Path.unlink) as (handle, _),
        os.fdopen(handle, "wb") as file,
    ):
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def unfinished_directory(path: Path) -> Iterator[Path]:
    """A directory only its owner can read. It takes the place of an empty one. Raises as `unfinished_file` does."""
    with _beside(path, lambda hidden: hidden.mkdir(mode=0o700), shutil.rmtree) as (_, hidden):
        yield hidden


@contextmanager
def _beside(
    path: Path, make: Callable[[Path], Made], remove: Callable[[Path], None]
) -> Iterator[tuple[Made, Path]]:  # fmt: skip
    named = path.absolute()
    # Nobody else can tell it beforehand.
    hidden = named.with_name(f".{named.name}.{token_hex(8)}.unfinished")
    try:
        made = make(hidden)
    except OSError as error:
        # What the user named, not what it is called meanwhile.
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        yield made, hidden
        hidden.replace(named)
    except BaseException:
        with suppress(OSError):
            remove(hidden)
        raise
