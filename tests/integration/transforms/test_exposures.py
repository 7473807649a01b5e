"""The exposures of the dbt project are the pages and routes that answer from the marts, all of them and no other."""

import ast
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.main import create_app
from api.public_routes import list_routes
from orchestration.transformation.project import prepare_manifest
from warehouse.settings import PROJECT_ROOT

PAGES = PROJECT_ROOT / "dashboards" / "app_pages"


@pytest.fixture(scope="module")
def exposures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By what they serve."""
    manifest = json.loads(prepare_manifest(tmp_path_factory.mktemp("dbt")).read_text())
    found = manifest["exposures"].values()
    return {each["config"]["meta"]["serves"]: each for each in found}


def routes_with_figures() -> set[str]:
    """The routes whose answer says of which publication it is, as all figures do, and those of files."""
    document = create_app().openapi()
    schemas = document["components"]["schemas"]

    def names_publication(part: Any, seen: tuple[str, ...] = ()) -> bool:
        if isinstance(part, list):
            return any(names_publication(each, seen) for each in part)
        if not isinstance(part, dict):
            return False
        if "$ref" in part:
            name = part["$ref"].rsplit("/", 1)[-1]
            return name not in seen and names_publication(schemas[name], (*seen, name))
        if "publication_id" in part.get("properties", {}):
            return True
        return any(names_publication(each, seen) for each in part.values())

    answered = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if names_publication(operation["responses"].get("200", {}))
    }
    # A file has no schema; who writes one is told by what it reads.
    files = {
        f"{method} {path}"
        for method, path, route in list_routes(create_app().routes)
        if "resources.figure_reads" in inspect.getsource(route.endpoint)
    }
    return answered | files


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def pages_with_figures() -> set[str]:
    """The pages that come to the marts by what they import."""
    return {
        str(page.relative_to(PROJECT_ROOT))
        for page in PAGES.glob("[!_]*.py")
        if "warehouse.marts" in set(imported(page))
    }


class TestExposures:
    def test_are_the_routes_that_answer_with_figures(self, exposures: dict[str, Any]) -> None:
        assert {name for name in exposures if name.split()[0] == "GET"} == routes_with_figures()

    def test_are_the_pages_that_show_figures(self, exposures: dict[str, Any]) -> None:
        assert {name for name in exposures if name.startswith("dashboards/")} == pages_with_figures()

    def test_each_reads_marts_alone_and_has_an_owner(self, exposures: dict[str, Any]) -> None:
        for exposure in exposures.values():
            names = [node.split(".")[-1] for node in exposure["depends_on"]["nodes"]]
            assert names
            assert [name for name in names if not name.startswith(("dim_", "fct_", "agg_"))] == []
            assert exposure["owner"]["name"]
            assert exposure["description"]
