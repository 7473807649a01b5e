"""What readers see: the published marts, and the analysts' snapshot of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, asset

from orchestration.assets.ranks import RANK_PROMPTS
from orchestration.owner import owners_of
from orchestration.resources import PipelineResource
from warehouse.publication import PUBLISHED_SCHEMA, publish_marts
from warehouse.snapshot import snapshot_directory, take_snapshot

PUBLICATIONS = AssetKey([PUBLISHED_SCHEMA, "publications"])
SNAPSHOT = AssetKey(["snapshots", "latest"])


def build_publication(marts: Sequence[AssetKey]) -> AssetsDefinition:
    """The publication of these marts and of the ranks."""

    @asset(
        key=PUBLICATIONS,
        deps=[*marts, RANK_PROMPTS],
        group_name=PUBLISHED_SCHEMA,
        owners=owners_of(PUBLICATIONS),
        kinds={"postgres"},
    )
    def publications(context: AssetExecutionContext, pipeline: PipelineResource) -> MaterializeResult[Any]:
        """One row per publication. All marts become visible with it, at once, and only when every check passed."""
        record = context.instance.get_run_record_by_id(context.run.run_id)
        started_at = datetime.fromtimestamp(record.start_time, UTC) if record and record.start_time else None
        publication = publish_marts(
            pipeline.warehouse_url,
            started_at=started_at,
            rank_history_days=pipeline.settings.rank_history_days,
            counts_all_rows=pipeline.tested is None,
        )
        return MaterializeResult(
            metadata={
                "publication_id": publication.publication_id,
                "as_of": publication.as_of.isoformat(),
                "changed_rows": {
                    name: mart.written_rows + mart.removed_rows for name, mart in publication.marts.items()
                },
                "rows": {name: mart.total_rows for name, mart in publication.marts.items()},
                "restated_figures": publication.restated_figures,
            }
        )

    return publications


@asset(
    key=SNAPSHOT, deps=[PUBLICATIONS], group_name="snapshots", owners=owners_of(SNAPSHOT), kinds={"duckdb", "parquet"}
)
def snapshot(pipeline: PipelineResource) -> MaterializeResult[Any]:
    """The current publication as a DuckDB file and Parquet files, for analysts."""
    settings = pipeline.settings
    taken = take_snapshot(
        pipeline.warehouse_url,
        snapshot_directory(settings.data_path),
        kept=settings.snapshots_kept,
        days_kept=settings.snapshot_days_kept,
    )
    return MaterializeResult(metadata={"publication_id": taken.publication_id, "directory": str(taken.directory)})
