"""The end of the lineage: the pages and routes that answer from the publication, as the dbt project names them."""

import json
from pathlib import Path

from dagster import AssetKey, AssetSpec

from orchestration.assets.publication import PUBLICATIONS

EXPOSURES = "exposures"


def build_exposures(manifest: Path) -> list[AssetSpec]:
    """One asset for each, which no run makes."""
    exposures = json.loads(manifest.read_bytes())["exposures"].values()
    return [
        AssetSpec(
            AssetKey([EXPOSURES, exposure["name"]]),
            deps=[PUBLICATIONS],
            group_name=EXPOSURES,
            description=exposure["description"],
            owners=[f"team:{exposure['owner']['name']}"],
            metadata={"serves": exposure["config"]["meta"]["serves"]},
        )
        for exposure in exposures
    ]
