"""The marts DuckDB builds are those Postgres builds, row by row."""

from pathlib import Path

import pytest

from bench.rebuild import run_script
from orchestration.checks.marts import RECONCILIATIONS
from orchestration.checks.reconciliation import Reconciliation, differences_statement
from tests.integration.transforms.dbt_warehouse import DbtWarehouse, Row
from tests.integration.transforms.duckdb_marts import DuckdbMarts, build_duckdb_marts, mart_names, read_rows
from tests.integration.transforms.polars_marts import recompute
from tests.integration.transforms.random_history import deliver, random_history
from warehouse.databases import connect

HISTORY_SEED = 20260719
# Ranks are made by nobody here.
CHECKS = [check for check in RECONCILIATIONS if not check.table.startswith("rank_")]
# Everything dbt can do with the project: models, tests of data, and unit tests beside each formula.
WHOLE_BUILD = ("build", "--no-write-json")


@pytest.fixture(scope="module")
def built(dbt_warehouse: DbtWarehouse) -> DbtWarehouse:
    """A history with what comes late, twice, and is refunded, loaded in three parts with a run after each."""
    for delivery in deliver(random_history(HISTORY_SEED), seed=7, loads=3):
        dbt_warehouse.load(delivery)
        dbt_warehouse.dbt("run")
    return dbt_warehouse


@pytest.fixture(scope="module")
def on_duckdb(built: DbtWarehouse) -> DuckdbMarts:
    return build_duckdb_marts(built, arguments=WHOLE_BUILD)


@pytest.fixture(scope="module")
def recomputed(built: DbtWarehouse) -> dict[str, list[Row]]:
    """Some marts in plain Polars."""
    return recompute(built.raw_rows())


@pytest.fixture(scope="module")
def by_hand(on_duckdb: DuckdbMarts) -> Path:
    """A file of the marts as the script computes them that `bench rebuild` measures against."""
    sources = on_duckdb.directory / "sources"
    day = on_duckdb.directory / "lake" / "day"
    day.mkdir(parents=True)
    (day / "part.parquet").symlink_to(sources / "raw_events.events.parquet")
    result = on_duckdb.directory / "by-hand.duckdb"
    run_script(day.parent, sources, result)
    return result


def known(rows: list[Row], like: list[Row]) -> list[Row]:
    """The rows in an order of their own, with the columns that others have too."""
    shared = sorted(like[0].keys() & rows[0].keys())
    return sorted(({name: row[name] for name in shared} for row in rows), key=lambda row: str(list(row.values())[:9]))


def found(warehouse: DbtWarehouse, check: Reconciliation, *, after: str = "") -> list[Row]:
    """What a reconciliation finds, after a statement that is undone."""
    with connect(warehouse.url) as connection:
        if after:
            assert connection.execute(after.encode()).rowcount == 1
        rows = connection.execute(differences_statement(check).encode()).fetchall()
        connection.rollback()
    return rows


def different(ours: list[Row], theirs: list[Row]) -> list[Row]:
    return [row for row in ours if row not in theirs] + [row for row in theirs if row not in ours]


class TestEngines:
    def test_every_model_and_every_test_of_the_project_passes_on_duckdb(self, on_duckdb: DuckdbMarts) -> None:
        # Of what others make of the marts, dbt only says that there is nothing to do.
        done = [result for result in on_duckdb.results if result.status != "no-op"]
        assert [result for result in done if result.status not in ("success", "pass")] == []
        kinds = {result.unique_id.split(".")[0] for result in done}
        assert kinds == {"model", "test", "unit_test"}

    def test_every_mart_is_the_same_row_by_row(self, built: DbtWarehouse, on_duckdb: DuckdbMarts) -> None:
        marts = mart_names(built.data_path)
        assert built.rows("agg_prompts_performance_daily")
        assert {mart: different(built.rows(mart), on_duckdb.rows(mart)) for mart in marts} == {m: [] for m in marts}
        assert {m: len(built.rows(m)) for m in marts} == {m: len(on_duckdb.rows(m)) for m in marts}

    @pytest.mark.parametrize(
        "mart", ["fct_orders", "fct_order_payments", "fct_impressions", "agg_prompts_performance_daily"]
    )
    def test_both_are_what_polars_computes_of_the_raw_rows(
        self, built: DbtWarehouse, on_duckdb: DuckdbMarts, recomputed: dict[str, list[Row]], mart: str
    ) -> None:
        expected = recomputed[mart]
        assert different(known(built.rows(mart), expected), known(expected, built.rows(mart))) == []
        assert different(known(on_duckdb.rows(mart), expected), known(expected, built.rows(mart))) == []
        assert len(built.rows(mart)) == len(on_duckdb.rows(mart)) == len(expected)

    def test_every_mart_is_in_the_script_by_hand_with_the_same_rows(
        self, on_duckdb: DuckdbMarts, by_hand: Path
    ) -> None:
        tables = read_rows(by_hand, "select table_name as mart from duckdb_tables() where schema_name = 'marts'")
        marts = mart_names(on_duckdb.directory.parent)
        assert sorted(table["mart"] for table in tables) == marts
        assert {
            mart: different(on_duckdb.rows(mart), read_rows(by_hand, f"select * from marts.{mart}")) for mart in marts
        } == {mart: [] for mart in marts}


class TestReconciliations:
    def test_find_nothing_in_what_was_built_in_parts(self, built: DbtWarehouse) -> None:
        assert {check.name: found(built, check) for check in CHECKS} == {check.name: [] for check in CHECKS}

    @pytest.mark.parametrize("mart", sorted({check.table for check in CHECKS}))
    def test_find_a_row_that_was_lost(self, built: DbtWarehouse, mart: str) -> None:
        lost = f"delete from marts_build.{mart} where ctid = (select min(ctid) from marts_build.{mart})"
        assert [row for check in CHECKS if check.table == mart for row in found(built, check, after=lost)]

    def test_every_mart_but_the_calendar_has_one(self, built: DbtWarehouse) -> None:
        assert {check.table for check in CHECKS} == {*mart_names(built.data_path)} - {"dim_dates"}


@pytest.mark.slow
class TestOtherHistories:
    @pytest.mark.parametrize("seed", range(1, 11))
    def test_every_mart_is_the_same_however_it_was_delivered(self, dbt_warehouse: DbtWarehouse, seed: int) -> None:
        dbt_warehouse.forget(tables=False)
        for delivery in deliver(random_history(seed), seed=seed, loads=1 + seed % 4):
            dbt_warehouse.load(delivery)
            dbt_warehouse.dbt("run")
        on_duckdb = build_duckdb_marts(dbt_warehouse)
        marts = mart_names(dbt_warehouse.data_path)
        assert {m: dbt_warehouse.rows(m) for m in marts} == {m: on_duckdb.rows(m) for m in marts}
