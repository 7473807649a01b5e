"""The event lake: every day's events as Parquet files that are written once, for ever, and checked by hash.

`DATA_DIR/lake/events/received_date=2026-03-01/part-0001.parquet`, and beside the parts the `manifest.json` that lists
them. A file that no manifest lists is none of the lake's.
"""

from warehouse.lake.archiving import ArchiveReport, DayArchived, archive_events, oldest_day
from warehouse.lake.backfilling import DayLoaded, load_days
from warehouse.lake.errors import LakeDamaged
from warehouse.lake.letting_go import read_days_let_go
from warehouse.lake.lock import lake_alone
from warehouse.lake.manifest import LAKE_DIRECTORY, Day, Part, read_day, read_days
from warehouse.lake.rewriting import rewrite_day
from warehouse.lake.verifying import verify_day, verify_lake

__all__ = [
    "LAKE_DIRECTORY", "ArchiveReport", "Day", "DayArchived", "DayLoaded", "LakeDamaged", "Part", "archive_events",
    "lake_alone", "load_days", "oldest_day", "read_day", "read_days", "read_days_let_go", "rewrite_day",
    "verify_day", "verify_lake",
]  # fmt: skip
