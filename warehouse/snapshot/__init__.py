"""The analysts' snapshot: the published marts as one DuckDB file and Parquet files, immutable, behind a pointer."""

from warehouse.snapshot.taking import Snapshot, SnapshotFailed, take_snapshot

__all__ = ["Snapshot", "SnapshotFailed", "take_snapshot"]
