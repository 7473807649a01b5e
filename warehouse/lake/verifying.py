"""Reads the lake back: is every file that a manifest lists there, with the hash and the rows it was written with?"""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.lake.errors import LakeDamaged
from warehouse.lake.manifest import MANIFEST, Day, Part, day_directory, find_dates, find_unlisted, read_day
from warehouse.lake.part import hash_file


def verify_lake(
    lake: Path, *, let_go: Mapping[date, int] | None = None, on_day: Callable[[Day], None] = lambda _: None
) -> list[str]:
    """What is wrong with the lake, as sentences; empty when it holds all that was ever written to it.

    `let_go` has how many events there must be at least of each day that left the database: without it a day whose
    folder is gone is not missed.
    """
    found = []
    let_go = let_go or {}
    for received_date in sorted({*find_dates(lake), *let_go}):
        try:
            day = read_day(lake, received_date)
        except LakeDamaged as error:
            found.append(str(error))
            continue
        found += find_damage(lake, day, event_count=let_go.get(received_date, 0))
        if day.parts:
            on_day(day)
    return found


def verify_day(lake: Path, received_date: date) -> list[str]:
    """What is wrong with one day."""
    return find_damage(lake, read_day(lake, received_date))


def find_damage(lake: Path, day: Day, *, event_count: int = 0) -> list[str]:
    """What is wrong with the files of a day, of which the lake had so many events when it left the database."""
    directory = day_directory(lake, day.received_date)
    if not day.parts and find_unlisted(lake, day):
        return [f"{directory.name}/{MANIFEST} is missing; archiving writes it anew while the database has the day"]
    checked = ((part, _find_damage(directory / part.name, part)) for part in day.parts)
    damage = [f"{directory.name}/{part.name} {problem}" for part, problem in checked if problem]
    if damage or day.row_count >= event_count:
        return damage
    what = f"has {day.row_count:,} of its events" if day.parts else "is missing"
    return [f"{directory.name} {what}; the lake had {event_count:,} events of it when it left the database"]


def _find_damage(path: Path, part: Part) -> str | None:
    if not path.exists():
        return "is missing"
    if hash_file(path) != part.sha256:
        return "is not what was written: its hash differs"
    try:
        rows = pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError) as error:
        return f"can't be read: {error}"
    return None if rows == part.row_count else f"has {rows} rows, {part.row_count} were written"
