"""Erases a person from files beside the databases: what processes logged, and mails that development keeps as files."""

import mmap
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from warehouse.erasure.naming import bytes_pattern
from warehouse.erasure.person import ERASED, Person
from warehouse.private_file import private_opener

# Below the data directory. Servers, jobs and commands write there whatever they were told, in words of their own.
LOGS = ("logs/*.log*", "alerts/*.json", "dbt/logs/*.log*", "redis/*.log", "postgres.log")
MAILS = ("mail/*.eml", "mail/*.part")


def erase_files(data_path: Path, people: Sequence[Person]) -> None:
    """Mask these people in every log, in place and at the same length: whoever writes to it goes on undisturbed.

    A mail that names one of them goes as a whole: it was written to or about that person.
    """
    if not people:
        return
    pattern = bytes_pattern("|".join(person.own_pattern for person in people))
    for file in _files(data_path, LOGS):
        _mask(file, pattern)
    for file in _files(data_path, MAILS):
        if _names(file, pattern):
            file.unlink(missing_ok=True)


def _files(data_path: Path, places: Sequence[str]) -> Iterator[Path]:
    for place in places:
        # What is only linked from here lies elsewhere and is not ours.
        yield from (file for file in data_path.glob(place) if file.is_file() and not file.is_symlink())


def _mask(file: Path, pattern: re.Pattern[bytes]) -> None:
    with open(file, "r+b", opener=private_opener) as opened:
        if not file.stat().st_size:
            return
        with mmap.mmap(opened.fileno(), 0) as content:
            for found in pattern.finditer(content):
                begin, end = found.span()
                content[begin:end] = ERASED.encode()[: end - begin].ljust(end - begin, b".")


def _names(file: Path, pattern: re.Pattern[bytes]) -> bool:
    return pattern.search(file.read_bytes()) is not None
