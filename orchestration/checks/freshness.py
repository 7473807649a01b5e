"""`<asset>_is_fresh`: whether what is there is as new as it should be. They warn; a run that is late can't be stopped.

They are asked in every whole run, and by a job of their own every hour, which notices the run that did not come.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckKey,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    asset_check,
    multi_asset_check,
)

from orchestration.assets.publication import PUBLICATIONS, SNAPSHOT
from orchestration.assets.ranks import RANK_PROMPTS
from orchestration.standing import is_build_finished
from warehouse.databases import connect
from warehouse.servers import running_servers
from warehouse.settings import get_settings
from warehouse.snapshot import snapshot_directory
from warehouse.snapshot.taking import LATEST

EVENTS = AssetKey(["raw_events", "events"])
# When each was made last, by the warehouse; no row before it ever was.
MADE_AT = {
    EVENTS: "select max(loaded_at) as made_at from control.load_watermarks",
    RANK_PROMPTS: "select ranked_at as made_at from control.rankings",
    PUBLICATIONS: "select finished_at as made_at from marts.publications where status = 'current'",
}
CURRENT = "select publication_id from marts.publications where status = 'current'"


def build_freshness_checks(tables: Sequence[AssetKey]) -> list[AssetChecksDefinition]:
    """The checks, with those of the tables that dbt makes."""
    by_age = [_build_age_check(key, statement) for key, statement in MADE_AT.items()]
    return [*by_age, snapshot_is_fresh, *_build_table_checks(tables)]


def judge_age(made_at: datetime | None, *, now: datetime, limit: timedelta) -> AssetCheckResult:
    """Fresh is what was made within the limit."""
    age = None if made_at is None else now - made_at
    return AssetCheckResult(
        passed=age is not None and age <= limit,
        severity=AssetCheckSeverity.WARN,
        metadata={
            "made_at": "never" if made_at is None else made_at.isoformat(),
            "age_seconds": None if age is None else round(age.total_seconds()),
            "limit_seconds": round(limit.total_seconds()),
        },
    )


def _build_age_check(key: AssetKey, statement: str) -> AssetChecksDefinition:
    @asset_check(
        asset=key,
        name=f"{key.path[-1]}_is_fresh",
        description="It was made within ALERT_FRESHNESS_MAX_MINUTES.",
    )
    def check() -> AssetCheckResult:
        settings = get_settings()
        with running_servers(settings) as servers, connect(servers.warehouse_url) as connection:
            row = connection.execute(statement.encode()).fetchone()
        limit = timedelta(minutes=settings.alert_freshness_max_minutes)
        return judge_age(row["made_at"] if row else None, now=datetime.now(UTC), limit=limit)

    return check


@asset_check(
    asset=SNAPSHOT, name="latest_is_fresh", description="The analysts' snapshot is of the current publication."
)
def snapshot_is_fresh() -> AssetCheckResult:
    """Compare the pointer with the publication."""
    settings = get_settings()
    with running_servers(settings) as servers, connect(servers.warehouse_url) as connection:
        row = connection.execute(CURRENT).fetchone()
    current = row["publication_id"] if row else "none"
    latest = (snapshot_directory(settings.data_path) / LATEST).resolve().name
    return AssetCheckResult(
        passed=latest == current,
        severity=AssetCheckSeverity.WARN,
        metadata={"publication_id": current, "snapshot": latest},
    )


def _build_table_checks(tables: Sequence[AssetKey]) -> list[AssetChecksDefinition]:
    names = {key: f"{key.path[-1]}_is_fresh" for key in tables}

    @multi_asset_check(
        name="tables_are_fresh",
        # Who builds one table alone asks for its checks alone.
        can_subset=True,
        specs=[
            AssetCheckSpec(name, asset=key, description="It was made and tested from the raw tables as they are.")
            for key, name in names.items()
        ],
    )
    def check(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        """All of them at once, as a build is finished or it is not."""
        with running_servers(get_settings()) as servers:
            is_fresh = is_build_finished(servers.warehouse_url, tables)
        for key, name in names.items():
            if AssetCheckKey(key, name) not in context.selected_asset_check_keys:
                continue
            yield AssetCheckResult(
                asset_key=key, check_name=name, passed=is_fresh, severity=AssetCheckSeverity.WARN
            )  # fmt: skip

    return [check]
