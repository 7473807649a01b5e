"""Which files a day of the lake has, with what is in them."""

import os
from datetime import date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from warehouse.lake.errors import LakeDamaged
from warehouse.private_file import PRIVATE

LAKE_DIRECTORY = Path("lake") / "events"
MANIFEST = "manifest.json"
DAY_PREFIX = "received_date="
# What else lies beside them is none of ours.
DAYS = f"{DAY_PREFIX}[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
PARTS = "part-*.parquet"


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
    """A day by its manifest; without parts when nothing of it was archived. Raises `LakeDamaged`."""
    directory = day_directory(lake, received_date)
    try:
        day = Day.model_validate_json((directory / MANIFEST).read_bytes())
    except FileNotFoundError:
        return Day(received_date=received_date)
    except ValidationError as error:
        raise LakeDamaged(f"{directory.name}/{MANIFEST} can't be read: {error.errors()[0]['msg']}") from None
    if day.received_date != received_date:
        raise LakeDamaged(f"{directory.name}/{MANIFEST} is that of {day.received_date}")
    return day


def read_days(lake: Path) -> list[Day]:
    """Every day of the lake, oldest first; one whose manifest is gone without parts. Raises `LakeDamaged`."""
    return [read_day(lake, received_date) for received_date in find_dates(lake)]


def find_dates(lake: Path) -> list[date]:
    """The days that have a manifest or files, oldest first."""
    return sorted({_date_of(path.parent.name) for name in (MANIFEST, PARTS) for path in lake.glob(f"{DAYS}/{name}")})


def _date_of(directory: str) -> date:
    return date.fromisoformat(directory.removeprefix(DAY_PREFIX))


def find_unlisted(lake: Path, day: Day) -> list[Path]:
    """Finished files of a day that its manifest does not list: what a writer left that was killed before it could."""
    listed = {part.name for part in day.parts}
    return sorted(path for path in day_directory(lake, day.received_date).glob(PARTS) if path.name not in listed)


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
