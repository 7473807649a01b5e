"""The analysts' snapshot: the published marts as one DuckDB file and Parquet files, immutable, behind a pointer.

The snapshots are what earlier publications can be restored from, too.
"""

from warehouse.snapshot.taking import Snapshot, SnapshotFailed, catch_up, snapshot_directory, take_snapshot

__all__ = ["Snapshot", "SnapshotFailed", "catch_up", "snapshot_directory", "take_snapshot"]
