"""What analysts are promised in docs/analysts.md, on the sample data."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from cli.sample import seed_sample_data
from orchestration.documentation import write_documentation
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.running import run
from warehouse.databases import connect
from warehouse.settings import PROJECT_ROOT, get_settings
from warehouse.snapshot.view import read_views

QUESTIONS = re.findall(
    r"^### (\d+\. .*?)$.*?^```sql\n(.*?)^```$", (PROJECT_ROOT / "docs" / "analysts.md").read_text(), re.M | re.S
)


@pytest.fixture(scope="module")
def snapshot(place: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    """The snapshot of a run over the sample market."""
    with connect(place.database_url, autocommit=True) as connection:
        seed_sample_data(connection, get_settings(), again=False, say=lambda line: None)
    assert run().is_successful
    with duckdb.connect(str(place.data_dir / "snapshots" / "latest.duckdb"), read_only=True) as database:
        yield database


class TestQuestions:
    def test_there_are_ten(self) -> None:
        assert [title.split(".")[0] for title, _ in QUESTIONS] == [str(number) for number in range(1, 11)]

    @pytest.mark.parametrize(("title", "statement"), QUESTIONS, ids=[title for title, _ in QUESTIONS])
    def test_each_is_answered_with_rows(self, snapshot: duckdb.DuckDBPyConnection, title: str, statement: str) -> None:
        rows = snapshot.execute(statement).fetchall()
        assert rows != []
        # A column that never says anything would answer nothing.
        assert [index for index, values in enumerate(zip(*rows, strict=True)) if set(values) == {None}] == []


class TestDescriptions:
    def test_every_table_and_every_column_also_of_views_says_what_it_is_about(
        self, snapshot: duckdb.DuckDBPyConnection
    ) -> None:
        columns = "select table_name, column_name from duckdb_columns() where not internal and comment is null"
        tables = "select table_name from duckdb_tables() where schema_name = 'marts' and comment is null"
        assert snapshot.execute(columns).fetchall() == []
        assert snapshot.execute(tables).fetchall() == []

    def test_every_view_is_there_has_rows_and_says_what_it_shows(self, snapshot: duckdb.DuckDBPyConnection) -> None:
        names = [view.name for view in read_views()]
        assert len(names) == 5
        for name in names:
            assert snapshot.execute(f"select count(*) > 0 from {name}").fetchall() == [(True,)]
        views = "select view_name from duckdb_views() where not internal and comment is null"
        assert snapshot.execute(views).fetchall() == []

    def test_a_column_of_a_view_is_described_as_what_it_is_there(self, snapshot: duckdb.DuckDBPyConnection) -> None:
        described = dict(
            snapshot.execute(
                "select concat_ws('.', table_name, column_name), comment from duckdb_columns() "
                "where schema_name in ('analysis', 'metrics')"
            ).fetchall()
        )
        assert described["prompts.title"] == "What the seller calls it."
        assert described["sales_monthly.order_count"] == "Orders paid that month."
        assert described["order_count_by_category.category"] == "The category; empty for prompts without one."
        assert described["click_through_rate.denominator"] == "By what it is divided: sum(impression_count)."

    def test_every_mart_is_a_parquet_file_too(self, place: Place, snapshot: duckdb.DuckDBPyConnection) -> None:
        tables = snapshot.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        files = {file.stem for file in (place.data_dir / "snapshots" / "latest").glob("*.parquet")}
        assert files == {name for (name,) in tables}


class TestWriteDocumentation:
    def test_is_one_page_with_every_mart_that_loads_nothing_from_elsewhere(self, tmp_path: Path) -> None:
        page = write_documentation(tmp_path)
        assert [path.name for path in page.parent.iterdir()] == ["index.html"]
        text = page.read_text()
        assert "agg_prompts_performance_daily" in text
        assert "api_marketplace_rankings" in text
        assert re.findall(r'(?:src|href)="(?:https?:)?//(?!\[::1\])[^"]*"', text) == []
