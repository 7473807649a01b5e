"""Who answers for what: the owners that Dagster shows beside each asset, by the schema or place the asset is in."""

from collections.abc import Sequence

from dagster import AssetKey

OWNERS = {
    "raw_app": "team:intake",
    "raw_events": "team:intake",
    "raw_stripe": "team:payments",
    "lake": "team:intake",
    "staging": "team:analytics",
    "intermediate": "team:analytics",
    "features": "team:analytics",
    "marts_build": "team:analytics",
    "marts": "team:analytics",
    "snapshots": "team:analytics",
    "control": "team:operations",
    "dagster": "team:operations",
}


def owners_of(key: AssetKey) -> Sequence[str]:
    """The owners of an asset."""
    return [OWNERS[key.path[0]]]
