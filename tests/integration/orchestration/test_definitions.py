import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.orchestration.conftest import new_data_dir
from warehouse.settings import PROJECT_ROOT

# Nothing listens there: whoever connects at import fails.
NOWHERE = "postgresql://nobody@127.0.0.1:9/nothing"

IMPORT = """
import socket, sys
sys.addaudithook(lambda event, arguments: sys.exit(f"network: {arguments}") if event == "socket.connect" else None)
from orchestration.definitions import definitions
job = definitions.resolve_job_def("build_marts_job")
print(len(job.asset_layer.executable_asset_keys))
"""
NAMES = """
import json
from orchestration.definitions import definitions
graph = definitions.resolve_asset_graph()
print(json.dumps({
    "assets": {
        "/".join(key.path): (graph.get(key).group_name, list(graph.get(key).owners))
        for key in graph.materializable_asset_keys
    },
    "exposed": {
        key.path[1]: ["/".join(parent.path) for parent in graph.get(key).parent_keys]
        for key in graph.external_asset_keys if key.path[0] == "exposures"
    },
    "fresh": ["/".join(key.asset_key.path) for key in graph.asset_check_keys if key.name.endswith("_is_fresh")],
}))
"""


def run_python(data_dir: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A fresh interpreter at the project's root, with no server to reach."""
    environment = {
        **os.environ,
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": NOWHERE,
        "REDIS_URL": "redis://127.0.0.1:9",
        "DAGSTER_HOME": str(data_dir),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    return subprocess.run(
        [sys.executable, *arguments], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory, manifests: Path) -> dict[str, Any]:
    """What a fresh interpreter says of the assets."""
    found = run_python(new_data_dir(tmp_path_factory.mktemp("described"), manifests), "-c", NAMES)
    assert (found.stderr, found.returncode) == ("", 0)
    described: dict[str, Any] = json.loads(found.stdout)
    return described


class TestDefinitions:
    def test_load_in_a_fresh_interpreter_without_any_server(self, tmp_path: Path) -> None:
        first = run_python(tmp_path, "-c", IMPORT)
        assert (first.stderr, first.returncode) == ("", 0)
        assert int(first.stdout) > 15
        assert [path.name for path in tmp_path.iterdir()] == ["dbt"]
        # And parse the dbt project for the first time only.
        [manifest] = (tmp_path / "dbt" / "manifests").glob("*/manifest.json")
        parsed_at = manifest.stat().st_mtime_ns
        assert run_python(tmp_path, "-c", IMPORT).returncode == 0
        assert manifest.stat().st_mtime_ns == parsed_at

    def test_the_workspace_is_valid(self, tmp_path: Path, manifests: Path) -> None:
        new_data_dir(tmp_path / "data", manifests)
        (tmp_path / "data" / "dagster.yaml").touch()
        dagster = str(Path(sys.executable).parent / "dagster")
        validated = run_python(tmp_path / "data", dagster, "definitions", "validate", "-w", "workspace.yaml")
        assert validated.returncode == 0, validated.stdout + validated.stderr
        said = validated.stdout + validated.stderr
        assert "Validation successful" in said
        # The program's own word about itself, which is not about us.
        others = [line for line in said.splitlines() if "warn" in line.lower() and "SupersessionWarning" not in line]
        assert others == []

    def test_every_asset_has_a_group_and_an_owner(self, described: dict[str, Any]) -> None:
        assert [name for name, (group, owners) in described["assets"].items() if group == "default" or not owners] == []

    def test_lineage_ends_at_the_pages_and_routes_that_answer_from_the_publication(
        self, described: dict[str, Any]
    ) -> None:
        exposed = described["exposed"]
        assert exposed["dashboards_performance"] == ["marts/publications"]
        assert {tuple(parents) for parents in exposed.values()} == {("marts/publications",)}

    def test_every_mart_and_what_is_made_of_them_has_a_check_of_freshness(self, described: dict[str, Any]) -> None:
        made = {name for name in described["assets"] if name.split("/")[0] in ("marts_build", "marts", "snapshots")}
        assert made - set(described["fresh"]) == set()

    def test_fit_on_a_page(self) -> None:
        assert len((PROJECT_ROOT / "orchestration" / "definitions.py").read_text().splitlines()) <= 60
