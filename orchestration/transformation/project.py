"""The dbt project as Dagster sees it: its manifest, parsed again only when a file of the project changed."""

import contextlib
import hashlib
import importlib.metadata
import json
import shutil
import tempfile
from pathlib import Path

from orchestration.transformation.environment import dbt_environment
from orchestration.transformation.invocation import invoke_dbt
from warehouse.settings import PROJECT_ROOT

PROJECT_FILES = ("dbt_project.yml", "transforms")
TABLE_TYPES = ("model", "seed", "snapshot")
# Parsing looks at no server; the manifest is the same whatever database it will run against.
NOWHERE = "postgresql://nobody@localhost/nothing"
# Another process may still be reading the one before.
KEPT_MANIFESTS = 3


def project_fingerprint(project_directory: Path) -> str:
    """A hash over the content of every file of the dbt project and the version of dbt."""
    digest = hashlib.sha256(importlib.metadata.version("dbt-core").encode())
    for name in PROJECT_FILES:
        root = project_directory / name
        files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
        for file in files:
            digest.update(str(file.relative_to(project_directory)).encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def prepare_manifest(data_path: Path, *, project_directory: Path = PROJECT_ROOT) -> Path:
    """The path of the project's `manifest.json`, parsed unless this content was parsed before. Opens no connection."""
    parsed = data_path / "dbt" / "manifests"
    directory = parsed / project_fingerprint(project_directory)
    manifest = directory / "manifest.json"
    if manifest.exists():
        return manifest
    parsed.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parsed, prefix=".unfinished-") as unfinished:
        environment = dbt_environment(NOWHERE, data_path) | {"DBT_TARGET_PATH": unfinished}
        invoke_dbt(["parse"], environment=environment, project_directory=project_directory)
        ready = Path(unfinished) / "ready"
        ready.mkdir()
        (Path(unfinished) / "manifest.json").rename(ready / "manifest.json")
        if not manifest.exists():
            # Of two processes that parsed the same content at once, the first one stays.
            with contextlib.suppress(OSError):
                ready.rename(directory)
    _forget_old(parsed, current=directory)
    return manifest


def read_tables(manifest: Path) -> list[tuple[str, str]]:
    """Schema and name of every table that the project makes. Needs no dbt."""
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    return sorted((node["schema"], node["alias"]) for node in nodes if node["resource_type"] in TABLE_TYPES)


def _forget_old(parsed: Path, *, current: Path) -> None:
    others = [path for path in parsed.iterdir() if path != current and not path.name.startswith(".")]
    others.sort(key=lambda path: path.stat().st_mtime)
    for path in others[: max(0, len(others) - (KEPT_MANIFESTS - 1))]:
        shutil.rmtree(path, ignore_errors=True)
