"""The ranking of all prompts, from the built marts and the policy."""

from datetime import UTC, datetime
from typing import Any, cast

from dagster import AssetKey, Config, MaterializeResult, asset
from pydantic import Field

from orchestration.owner import owners_of
from orchestration.resources import PipelineResource
from ranking.policy import load_policy
from ranking.ranks import rank
from warehouse.databases import connect
from warehouse.features import read_activity, read_prompts
from warehouse.publication import BUILD_SCHEMA
from warehouse.publication.ranks import write_ranks

RANK_PROMPTS = AssetKey([BUILD_SCHEMA, "rank_prompts"])
# The time of their load is the moment to rank for, so their checks stand before the ranking even when no mart is built.
LOADED_EVENTS = (AssetKey(["raw_events", "events"]), AssetKey(["raw_events", "event_batches"]))


class RawTablesNotLoaded(Exception):
    """Nothing was ever loaded, so there is no moment to rank for."""


class RankConfig(Config):
    """For which moment to rank."""

    as_of: str | None = Field(
        None, description="RFC 3339 timestamp; only facts before it count. Default: the time of the load."
    )


@asset(
    key=RANK_PROMPTS,
    deps=[
        *LOADED_EVENTS,
        AssetKey(["features", "feat_prompts_daily"]),
        *(
            AssetKey([BUILD_SCHEMA, name])
            for name in ("dim_prompts", "dim_prompts_history", "fct_impressions", "fct_orders", "fct_refunds")
        ),
    ],
    group_name=BUILD_SCHEMA,
    owners=owners_of(RANK_PROMPTS),
    kinds={"polars", "postgres"},
)
def rank_prompts(config: RankConfig, pipeline: PipelineResource) -> MaterializeResult[Any]:
    """One row per surface, segment and prompt: its rank by the current policy, with the contributions to its score."""
    policy = load_policy()
    as_of = datetime.fromisoformat(config.as_of).astimezone(UTC) if config.as_of else read_loaded_at(pipeline)
    url = pipeline.warehouse_url
    prompts = read_prompts(url, as_of=as_of)
    held = prompts.filter("is_held")
    ranks = rank(
        policy,
        prompts=prompts,
        activity=read_activity(url, as_of=as_of, window_days=policy.evidence.window_days),
        as_of=as_of,
    )
    with connect(url) as connection:
        rows = write_ranks(
            connection,
            ranks.iter_rows(named=True),
            as_of=as_of,
            policy_version=policy.policy_version,
            held=held.iter_rows(named=True),
        )
    return MaterializeResult(
        metadata={
            "rows": rows,
            "held_prompts": held.height,
            "as_of": as_of.isoformat(),
            "policy_version": policy.policy_version,
        }
    )


def read_loaded_at(pipeline: PipelineResource) -> datetime:
    """The timestamp of the last finished load: the marts hold nothing newer."""
    loaded_at = pipeline.query("select max(loaded_at) as loaded_at from control.load_watermarks")[0]["loaded_at"]
    if loaded_at is None:
        raise RawTablesNotLoaded("The raw tables were never loaded; run the whole pipeline, which loads them first")
    return cast(datetime, loaded_at)
