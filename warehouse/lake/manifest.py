"""Which files a day of the lake has, with what is in them."""

import os
from datetime import date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from warehouse.private_file import PRIVATE

LAKE_DIRECTORY = Path("lake") / "events"
MANIFEST = "manifest.json"
DAY_PREFIX = "received_date="


class Part(BaseModel):
    """One Parquet file. Times of occurrence tell who looks for a day that happened which files to pass over."""

    model_config = ConfigDict(frozen=True)

    name: str
    row_count: int
    byte_count: int
    sha256: str
    first_occurred_at: datetime
    last_occurred_at: datetime
    written_at: datetime


class Day(BaseModel):
    """The events received on one UTC day, as far as they are archived."""

    model_config = ConfigDict(frozen=True)

    received_date: date
    parts: tuple[Part, ...] = ()

    @property
    def row_count(self) -> int:
        """Events in all parts."""
        return sum(part.row_count for part in self.parts)


def day_directory(lake: Path, received_date: date) -> Path:
    """Where the parts of a day lie; the form of the name is known to DuckDB, Spark and Arrow as a partition."""
    return lake / f"{DAY_PREFIX}{received_date.isoformat()}"


def read_day(lake: Path, received_date: date) -> Day:
    """A day by its manifest; without parts when nothing of it was archived."""
    try:
        content = (day_directory(lake, received_date) / MANIFEST).read_bytes()
    except FileNotFoundError:
        return Day(received_date=received_date)
    return Day.model_validate_json(content)


def read_days(lake: Path) -> list[Day]:
    """Every day of the lake, oldest first."""
    names = sorted(path.parent.name for path in lake.glob(f"{DAY_PREFIX}*/{MANIFEST}"))
    return [read_day(lake, date.fromisoformat(name.removeprefix(DAY_PREFIX))) for name in names]


def write_day(lake: Path, day: Day) -> None:
    """Replace the manifest of a day: a reader sees the one before or this one, also after the power failed."""
    directory = day_directory(lake, day.received_date)
    unfinished = directory / f".{MANIFEST}.unfinished"
    unfinished.write_text(day.model_dump_json(indent=2))
    put_in_place(unfinished, directory / MANIFEST)


def sweep(lake: Path, day: Day) -> None:
    """Delete what a writer that was killed left behind in a day. Call with the lake to yourself."""
    listed = {MANIFEST, *(part.name for part in day.parts)}
    for path in day_directory(lake, day.received_date).iterdir():
        if path.name not in listed:
            path.unlink()


def put_in_place(unfinished: Path, place: Path) -> None:
    """Give a finished file its name, so that it is there whole or not at all."""
    # Whom it was of stands in each event.
    unfinished.chmod(PRIVATE)
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.rename(place)
    directory = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
