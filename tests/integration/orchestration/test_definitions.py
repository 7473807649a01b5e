import os
import subprocess
import sys
from pathlib import Path

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
        dagster = str(Path(sys.executable).parent / "dagster")
        validated = run_python(tmp_path / "data", dagster, "definitions", "validate", "-w", "workspace.yaml")
        assert validated.returncode == 0, validated.stdout + validated.stderr
        assert "Validation successful" in validated.stdout + validated.stderr

    def test_fit_on_a_page(self) -> None:
        assert len((PROJECT_ROOT / "orchestration" / "definitions.py").read_text().splitlines()) <= 60
