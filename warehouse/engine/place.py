"""Where the second engine works and what it leaves: one finished file, replaced in one step.

engines/duckdb/rebuilt.duckdb     the marts of the last build that ended well
engines/duckdb/.unfinished-<id>   a build at work; what a killed one left goes with the next
engines/duckdb/.erasures          changes when somebody is erased, so that no build begun before it counts
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

ENGINE_DIRECTORY = Path("engines") / "duckdb"
# Not named after the schema in it: DuckDB calls a database by its file, and `marts.fct_orders` would mean two things.
RESULT = "rebuilt.duckdb"
UNFINISHED_PREFIX = ".unfinished-"
BUILD_LOCK = ".build-lock"
PLACE_LOCK = ".place-lock"
ERASURES = ".erasures"


class BuildAtWork(Exception):
    """Another build of the second engine is at work in the same place."""


class ErasedMeanwhile(Exception):
    """Somebody was erased while the build read what was there before: its result must not be kept."""


@contextmanager
def only_build(place: Path) -> Iterator[Path]:
    """An empty directory to build in, gone when the block ends; one build at a time. Raises `BuildAtWork`."""
    place.mkdir(parents=True, exist_ok=True)
    # Every event is in there, and DuckDB lets everybody read its files.
    place.chmod(0o700)
    with _lock(place / BUILD_LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB):
        _sweep(place)
        directory = place / f"{UNFINISHED_PREFIX}{uuid4().hex[:12]}"
        directory.mkdir()
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def erasure_mark(place: Path) -> str:
    """What `put_in_place` wants to hear again: read it before the rows are read."""
    file = place / ERASURES
    return file.read_text() if file.exists() else ""


def put_in_place(unfinished: Path, place: Path, *, erasure_mark_before: str) -> Path:
    """Make a finished file the result, for readers in one step. Raises `ErasedMeanwhile`, and the one before stays."""
    with _lock(place / PLACE_LOCK, fcntl.LOCK_EX):
        if erasure_mark(place) != erasure_mark_before:
            raise ErasedMeanwhile(
                "Somebody was erased while the marts were built, so they are not kept; build them again"
            )
        # Nobody changes a finished file, not even by opening it to write.
        unfinished.chmod(0o444)
        return unfinished.replace(place / RESULT)


def retire_result(place: Path, holds_person: Callable[[Path], bool]) -> bool:
    """Delete the result if it holds a person who is erased, and let no build at work become it; whether it went."""
    if not place.is_dir():
        return False
    with _lock(place / PLACE_LOCK, fcntl.LOCK_EX):
        (place / ERASURES).write_text(uuid4().hex)
        result = place / RESULT
        is_retired = result.exists() and holds_person(result)
        if is_retired:
            result.unlink()
    try:
        with _lock(place / BUILD_LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB):
            _sweep(place)
    except BuildAtWork:
        # It deletes what it has when it ends.
        pass
    return is_retired


def _sweep(place: Path) -> None:
    for left_over in place.glob(f"{UNFINISHED_PREFIX}*"):
        shutil.rmtree(left_over)


@contextmanager
def _lock(file: Path, operation: int) -> Iterator[None]:
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, operation)
        except BlockingIOError:
            raise BuildAtWork(
                f"Another build on DuckDB is at work in {file.parent}; start this one again later"
            ) from None
        yield
    finally:
        os.close(handle)
