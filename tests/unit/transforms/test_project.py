"""What every model of the dbt project must be, read from dbt's own manifest."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetCheckSpec

from orchestration.assets.dbt_tables import build_dbt_tables
from orchestration.transformation.events import UNIQUE_ID
from orchestration.transformation.project import prepare_manifest
from warehouse.currencies import ZERO_DECIMAL_CURRENCIES
from warehouse.events import CATALOGUE
from warehouse.publication.days import MART_DAYS
from warehouse.raw_tables import RAW_TABLES
from warehouse.settings import PROJECT_ROOT

Node = dict[str, Any]

LAYER_SCHEMAS = {"staging": "staging", "intermediate": "intermediate", "marts": "marts_build", "features": "features"}
MAY_READ = {
    "staging": {"source"},
    "intermediate": {"staging", "intermediate"},
    "marts": {"staging", "intermediate", "marts"},
    "features": {"intermediate", "marts"},
}
NAMES = {
    "staging": r"stg_(app|events|stripe)__[a-z_]+",
    "intermediate": r"int_[a-z]+_[a-z]+ed",
    "features": r"feat_[a-z]+_daily",
    "marts": r"(dim|fct|agg|rank)_[a-z_]+",
}
TECHNICAL_COLUMNS = ["_source_loaded_at", "_built_at"]
LONGEST_MODEL_LINES = 150


@pytest.fixture(scope="module")
def manifest_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare_manifest(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="module")
def manifest(manifest_path: Path) -> Node:
    parsed: Node = json.loads(manifest_path.read_text())
    return parsed


@pytest.fixture(scope="module")
def checks(manifest_path: Path) -> dict[str, AssetCheckSpec]:
    """Dagster's checks by the test of dbt that each is."""
    return {spec.metadata[UNIQUE_ID]: spec for spec in build_dbt_tables(manifest_path).check_specs}


@pytest.fixture(scope="module")
def tests(manifest: Node) -> dict[str, Node]:
    return {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "test"}


@pytest.fixture(scope="module")
def models(manifest: Node) -> list[Node]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


@pytest.fixture(scope="module")
def marts(models: list[Node]) -> list[Node]:
    return [model for model in models if layer(model) == "marts"]


def layer(model: Node) -> str:
    return str(model["fqn"][1])


def layers_read(manifest: Node, model: Node) -> set[str]:
    parents = model["depends_on"]["nodes"]
    return {"source" if parent.startswith("source.") else layer(manifest["nodes"][parent]) for parent in parents}


def is_key_test(node: Node, mart: Node) -> bool:
    is_unique = node.get("test_metadata", {}).get("name") in ("unique", "unique_combination_of_columns")
    return is_unique and node["attached_node"] == mart["unique_id"] and node["config"]["severity"].lower() == "error"


class TestLayers:
    def test_every_model_reads_from_its_layers_only(self, manifest: Node, models: list[Node]) -> None:
        wrong = {
            model["name"]: layers_read(manifest, model) - MAY_READ[layer(model)]
            for model in models
            if not layers_read(manifest, model) <= MAY_READ[layer(model)]
        }
        assert wrong == {}

    def test_a_staging_model_reads_exactly_one_source_table(self, models: list[Node]) -> None:
        parents = {model["name"]: model["depends_on"]["nodes"] for model in models if layer(model) == "staging"}
        assert {name for name, read in parents.items() if len(read) != 1} == set()

    def test_every_raw_table_is_a_source_that_one_staging_model_reads(self, manifest: Node, models: list[Node]) -> None:
        read = [parent for model in models if layer(model) == "staging" for parent in model["depends_on"]["nodes"]]
        sources = [manifest["sources"][parent] for parent in read]
        assert sorted(f"{source['schema']}.{source['name']}" for source in sources) == sorted(
            table.full_name for table in RAW_TABLES
        )

    def test_names_tell_the_layer(self, models: list[Node]) -> None:
        assert [model["name"] for model in models if not re.fullmatch(NAMES[layer(model)], model["name"])] == []

    def test_schemas_are_those_readers_know(self, models: list[Node]) -> None:
        assert {(layer(model), model["schema"]) for model in models} == set(LAYER_SCHEMAS.items())


class TestSources:
    def test_every_model_and_test_comes_after_a_raw_table(self, manifest: Node) -> None:
        """What comes after no source would never be selected again, whatever arrives."""
        known, parents = set(manifest["sources"]), manifest["parent_map"]
        for _ in parents:
            known |= {node for node in parents if known & set(parents[node])}
        assert {node for node in parents if node.startswith(("model.", "test."))} - known == set()


class TestModels:
    def test_every_model_says_its_grain_first(self, models: list[Node]) -> None:
        assert [model["name"] for model in models if not model["description"].startswith("One row per ")] == []

    def test_no_model_is_too_long_to_read(self, models: list[Node]) -> None:
        lengths = {model["name"]: len(model["raw_code"].splitlines()) for model in models}
        assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODEL_LINES} == {}

    def test_every_model_ends_with_its_last_step(self, models: list[Node]) -> None:
        endings = {model["name"]: model["raw_code"].rstrip().splitlines()[-1] for model in models}
        assert {name for name, line in endings.items() if not re.fullmatch(r"select \* from \w+", line)} == set()


class TestMarts:
    def test_every_mart_has_a_contract(self, marts: list[Node]) -> None:
        assert [mart["name"] for mart in marts if not mart["config"]["contract"]["enforced"]] == []

    def test_every_column_is_described_and_typed(self, marts: list[Node]) -> None:
        columns = [(mart["name"], column) for mart in marts for column in mart["columns"].values()]
        assert [(name, c["name"]) for name, c in columns if not c["description"] or not c["data_type"]] == []

    def test_every_key_is_tested(self, tests: dict[str, Node], marts: list[Node]) -> None:
        assert [mart["name"] for mart in marts if not any(is_key_test(test, mart) for test in tests.values())] == []

    def test_every_mart_has_a_unique_index_for_its_publication(self, marts: list[Node]) -> None:
        unique = {mart["name"]: [index for index in mart["config"]["indexes"] if index.get("unique")] for mart in marts}
        assert {name for name, indexes in unique.items() if len(indexes) != 1} == set()

    def test_technical_columns_stand_last(self, marts: list[Node]) -> None:
        assert {tuple(list(mart["columns"])[-2:]) for mart in marts} == {tuple(TECHNICAL_COLUMNS)}

    @pytest.mark.parametrize("name", MART_DAYS)
    def test_one_that_is_divided_into_days_says_of_each_row_which_and_has_an_index_for_it(
        self, marts: list[Node], name: str
    ) -> None:
        [mart] = [mart for mart in marts if mart["name"] == name]
        day, moment = MART_DAYS[name].day, MART_DAYS[name].moment
        columns = {"date": day} if moment is None else {"date": day, "timestamptz": moment}
        for data_type, column in columns.items():
            assert mart["columns"][column]["data_type"] == data_type
            assert {"type": "not_null"}.items() <= mart["columns"][column]["constraints"][0].items()
        assert [moment or day] in [index["columns"] for index in mart["config"]["indexes"]]


class TestTests:
    def test_each_is_a_check(self, tests: dict[str, Node], checks: dict[str, AssetCheckSpec]) -> None:
        """One over several tables names its own, as in `meta={'dagster': {'ref': {'name': 'fct_orders'}}}`."""
        assert {test["name"] for name, test in tests.items() if name not in checks} == set()

    def test_each_is_one_of_a_table_that_it_reads(
        self, manifest: Node, tests: dict[str, Node], checks: dict[str, AssetCheckSpec]
    ) -> None:
        tables = manifest["nodes"] | manifest["sources"]
        read = {
            name: {(tables[parent]["schema"], tables[parent]["name"]) for parent in test["depends_on"]["nodes"]}
            for name, test in tests.items()
        }
        assert {spec.name for name, spec in checks.items() if tuple(spec.asset_key.path) not in read[name]} == set()

    def test_each_that_does_not_warn_stops_the_publication(
        self, tests: dict[str, Node], checks: dict[str, AssetCheckSpec]
    ) -> None:
        stopping = {name for name, test in tests.items() if test["config"]["severity"].lower() == "error"}
        assert {name for name, spec in checks.items() if spec.blocking} == stopping
        assert len(stopping) < len(tests)


class TestVocabulary:
    def test_every_event_name_is_in_the_catalogue(self, models: list[Node]) -> None:
        named = {name for model in models for name in re.findall(r"event_name = '([^']+)'", model["raw_code"])}
        assert named
        assert named <= set(CATALOGUE)

    def test_currencies_without_minor_units_are_the_same_everywhere(self, manifest: Node) -> None:
        macro = manifest["macros"]["macro.prompt_marketplace.zero_decimal_currencies"]["macro_sql"]
        assert tuple(re.findall(r"'([A-Z]{3})'", macro)) == ZERO_DECIMAL_CURRENCIES

    def test_every_path_of_the_project_lies_in_transforms(self) -> None:
        text = (Path(PROJECT_ROOT) / "dbt_project.yml").read_text()
        paths = re.findall(r"^[a-z]+-paths?: \[?([^\]\n]*)", text, flags=re.MULTILINE)
        assert len(paths) >= 7
        assert [path for path in paths if path and not path.startswith("transforms/")] == []
