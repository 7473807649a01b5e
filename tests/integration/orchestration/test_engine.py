"""`pipeline run --engine duckdb`: the marts of the lake and of what is not archived yet, beside the published ones."""

import json
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from cli.commands.pipeline import pipeline
from orchestration.outcome import RunOutcome
from orchestration.transformation.invocation import NodeResult
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import read, read_value
from warehouse.databases import connect
from warehouse.engine import ENGINE_DIRECTORY, erasure_mark, only_build, retire_result
from warehouse.lake import LAKE_DIRECTORY, archive_events

# One batch on both sides of midnight, of which the first day alone is over; one that arrives after the load.
PAST_EVENTS = """
select make_event_day((now() - interval '3 days')::date);

insert into raw_events (
    source, event_id, event_name, schema_version, occurred_at, received_at, user_id, session_id, prompt_id,
    properties, batch_id
)
select 'api', 'viewed-' || i, 'prompt.viewed', 1, moment, moment, users.id, 'visit-' || i, prompts.id,
    '{{"dwell_ms": 5}}', {batch}
from generate_series(1, 4) as i
cross join lateral (select case when i % 2 = 0 then now() else now() - interval '3 days' end as moment) as at
inner join prompts on prompts.external_id = 'prompt-1'
inner join users on users.external_id = 'user-1';

insert into event_batches (id, origin, received_count, stored_count, duplicate_count, quarantined_count)
values ({batch}, 'test', 4, 4, 0, 0)
"""


def receive(place: Place, *, batch: int, prefix: str) -> None:
    with connect(place.database_url) as connection:
        for statement in PAST_EVENTS.format(batch=batch).replace("viewed-", prefix).split(";\n\n"):
            connection.execute(statement.encode())


def archive(place: Place) -> int:
    lake = place.data_dir / LAKE_DIRECTORY
    return archive_events(place.database_url, place.warehouse_url, lake, retention_days=365).written_rows


def call(*arguments: str) -> Result:
    return CliRunner().invoke(pipeline, ["run", "--engine", "duckdb", *arguments])


def rebuilt(place: Place) -> Path:
    return place.data_dir / ENGINE_DIRECTORY / "rebuilt.duckdb"


def count_views(file: Path) -> int:
    with duckdb.connect(str(file), read_only=True) as database:
        return database.execute("select sum(view_count) from marts.agg_prompts_performance_daily").fetchall()[0][0]


@pytest.fixture(scope="module")
def published(place: Place, request: pytest.FixtureRequest) -> RunOutcome:
    """A run whose events are in the lake in part, when later ones of the same day have been archived too."""
    receive(place, batch=2000, prefix="viewed-")
    outcome: RunOutcome = request.getfixturevalue("first_run")
    assert archive(place) == 2
    receive(place, batch=2001, prefix="later-")
    assert archive(place) == 2
    return outcome


@pytest.fixture(scope="module")
def compared(place: Place, published: RunOutcome) -> dict[str, object]:
    result = call("--compare", "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


class TestCompare:
    def test_every_mart_is_as_published_though_the_lake_knows_more(
        self, place: Place, published: RunOutcome, compared: dict[str, object]
    ) -> None:
        assert compared["is_successful"]
        assert {item["mart"]: item["different_rows"] for item in compared["comparisons"]} == dict.fromkeys(
            compared["mart_rows"], 0
        )
        assert {name: published.mart_rows[name] for name in compared["mart_rows"]} == compared["mart_rows"]

    def test_events_are_read_from_the_lake_where_it_has_them(self, place: Place, compared: dict[str, object]) -> None:
        loaded = read_value(place.warehouse_url, "select count(*) from raw_events.events")
        assert compared["sources"] == {"days": 1, "lake_events": 2, "warehouse_events": loaded - 2}

    def test_result_says_what_columns_are_about_and_has_none_of_the_build(
        self, place: Place, compared: dict[str, object]
    ) -> None:
        with duckdb.connect(str(rebuilt(place)), read_only=True) as database:
            columns = database.execute(
                "select column_name, comment from duckdb_columns() where table_name = 'fct_orders'"
            ).fetchall()
        assert all(comment for _, comment in columns)
        assert not [name for name, _ in columns if name.startswith("_")]

    def test_a_row_that_differs_is_named(
        self, place: Place, compared: dict[str, object], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def build_as_before(build: Path, *_: object, **__: object) -> list[NodeResult]:
            with duckdb.connect(str(build)) as database:
                database.execute(f"attach '{rebuilt(place)}' as before (read_only)")
                database.execute("create schema marts_build")
                for mart in compared["mart_rows"]:
                    database.execute(f"create table marts_build.{mart} as select * from before.marts.{mart}")
            return []

        monkeypatch.setattr("orchestration.engine.build_in_duckdb", build_as_before)
        [order] = read(place.warehouse_url, "select min(order_id) as id from marts.fct_orders")
        change = "update marts.fct_orders set gross_amount = gross_amount + {} where order_id = %s"
        with connect(place.warehouse_url, autocommit=True) as connection:
            connection.execute(change.format("0.01"), [order["id"]])
            result = call("--compare")
            connection.execute(change.format("-0.01"), [order["id"]])
        assert result.exit_code == 1
        assert "fct_orders: 60 rows built, 60 published, 1 differ" in result.stderr
        assert f"order_id {order['id']}: gross_amount" in result.stderr

    def test_nothing_is_compared_with_marts_of_other_rows(self, place: Place, compared: dict[str, object]) -> None:
        with connect(place.warehouse_url, autocommit=True) as connection:
            connection.execute("update raw_app.prompts set _loaded_at = _loaded_at + interval '1 hour'")
            result = call("--compare")
            connection.execute("update raw_app.prompts set _loaded_at = _loaded_at - interval '1 hour'")
        assert result.exit_code == 1
        assert "Run the pipeline first" in result.stderr


class TestRun:
    def test_loads_what_came_since(self, place: Place, compared: dict[str, object]) -> None:
        views = count_views(rebuilt(place))
        result = call()
        assert (result.exit_code, result.stderr) == (0, "")
        assert "Events: 4 from 1 days of the lake" in result.stdout
        assert count_views(rebuilt(place)) == views + 4

    def test_a_damaged_lake_is_said_and_the_marts_before_stay(self, place: Place, compared: dict[str, object]) -> None:
        [part, *_] = sorted((place.data_dir / LAKE_DIRECTORY).rglob("part-0001.parquet"))
        whole = part.read_bytes()
        part.write_bytes(whole[:-1] + b"x")
        result = call()
        part.write_bytes(whole)
        assert result.exit_code == 1
        assert "part-0001.parquet is not what was written: its hash differs" in result.stderr
        assert count_views(rebuilt(place))

    def test_a_test_that_fails_keeps_the_marts_before(
        self, place: Place, compared: dict[str, object], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = rebuilt(place).stat().st_ino
        failed = NodeResult("test.x", "unique_fct_orders", "fail", "", 0.1, None, 3)
        monkeypatch.setattr("orchestration.engine.build_in_duckdb", lambda *_, **__: [failed])
        result = call()
        assert result.exit_code == 1
        assert "Check failed: unique_fct_orders found 3 rows" in result.stderr
        assert rebuilt(place).stat().st_ino == before

    @pytest.mark.parametrize(
        ("message", "advice"),
        [
            ("IO Error: Could not write file: No space left on device", "The disk is full"),
            ("Out of Memory Error: could not allocate block", "ENGINE_MEMORY_LIMIT_MB"),
            ("Binder Error: no such column", "fct_orders could not be built: Binder Error"),
        ],
    )
    def test_says_what_to_do_when_a_model_can_not_be_built(
        self, place: Place, compared: dict[str, object], monkeypatch: pytest.MonkeyPatch, message: str, advice: str
    ) -> None:
        broken = NodeResult("model.x", "fct_orders", "error", message, 0.1, None, None)
        monkeypatch.setattr("orchestration.engine.build_in_duckdb", lambda *_, **__: [broken])
        result = call()
        assert result.exit_code == 1
        assert advice in result.stderr
        assert not list((place.data_dir / ENGINE_DIRECTORY).glob(".unfinished-*"))

    def test_one_build_at_a_time(self, place: Place, compared: dict[str, object]) -> None:
        with only_build(place.data_dir / ENGINE_DIRECTORY):
            result = call()
        assert result.exit_code == 1
        assert "Another build on DuckDB is at work" in result.stderr

    def test_what_was_read_before_an_erasure_is_not_kept(
        self, place: Place, compared: dict[str, object], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        directory = place.data_dir / ENGINE_DIRECTORY
        before = (rebuilt(place).stat().st_ino, erasure_mark(directory))

        def build_while_somebody_is_erased(build: Path, *_: object, **__: object) -> list[NodeResult]:
            assert not retire_result(directory, lambda _: False)
            with duckdb.connect(str(build)) as database:
                database.execute("create schema marts_build")
            return []

        monkeypatch.setattr("orchestration.engine.build_in_duckdb", build_while_somebody_is_erased)
        result = call()
        assert result.exit_code == 1
        assert "Somebody was erased while the marts were built" in result.stderr
        assert rebuilt(place).stat().st_ino == before[0]
        assert erasure_mark(directory) != before[1]


class TestUse:
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (["--engine", "spark"], "'spark' is not one of 'postgres', 'duckdb'"),
            (["--compare"], "add --engine duckdb"),
            (["--engine", "duckdb", "--as-of", "2026-03-20"], "--as-of is about ranks"),
        ],
    )
    def test_wrong_use_is_refused(self, arguments: list[str], complaint: str) -> None:
        result = CliRunner().invoke(pipeline, ["run", *arguments])
        assert result.exit_code == 2
        assert complaint in result.stderr
