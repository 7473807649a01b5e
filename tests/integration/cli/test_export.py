"""`export.py`: files that hold what is stored, whole or not at all."""

import csv
import errno
import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.export import export as program
from cli.failure import run
from cli.template import name_variables
from tests.integration.cli.conftest import Ended, warehouse_of
from tests.integration.orchestration.marketplace import fill
from tests.integration.warehouse.imports.rows import prompt, write_rows
from tests.integration.warehouse.marts.hand_made import add_prompt, add_seller_day, create_marts, publish
from warehouse.databases import connect
from warehouse.exports import unfinished
from warehouse.imports import import_file
from warehouse.lake import LAKE_DIRECTORY, Day
from warehouse.lake.manifest import day_directory, write_day
from warehouse.lake.part import SCHEMA, write_part
from warehouse.loading import prepare_warehouse
from warehouse.settings import get_settings


@pytest.fixture(scope="module", autouse=True)
def filled(database_url: str) -> None:
    """A marketplace of 12 prompts, 60 orders and 40 lists with clicks, and marts by hand."""
    fill(database_url)
    prepare_warehouse(warehouse_of(database_url))
    create_marts(warehouse_of(database_url))
    with connect(warehouse_of(database_url)) as connection:
        publish(connection, "p1")
        add_prompt(connection, "prompt-a", seller="acme", title="A title, with a comma", price_amount="0.10")
        add_seller_day(connection, "acme", date(2026, 3, 1), orders=1, gross="0.10")
        add_seller_day(connection, "acme", date(2026, 3, 2), orders=1, gross="0.20")


@pytest.fixture
def export(
    use_database: Callable[[str], None], database_url: str, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Run a command in this process."""
    use_database(database_url)

    def export(*arguments: str | Path) -> Ended:
        status = run(program, [str(each) for each in arguments])
        printed = capsys.readouterr()
        return Ended(status, printed.out, printed.err)

    return export


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of an exported file."""
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    if path.suffix == ".csv":
        with path.open(newline="") as lines:
            return list(csv.DictReader(lines))
    if path.suffix == ".jsonl":
        return [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return json.loads(path.read_text())


class TestFormats:
    @pytest.mark.parametrize("ending", ["json", "jsonl", "csv", "parquet"])
    @pytest.mark.parametrize(("kind", "count"), [("users", 5), ("transactions", 60), ("events", 48)])
    def test_hold_every_row(self, export: Any, tmp_path: Path, kind: str, count: int, ending: str) -> None:
        path = tmp_path / f"rows.{ending}"
        ended = export(kind, "-o", path, "--json")
        assert (ended.status, ended.err) == (0, "")
        assert (ended.json["row_count"], ended.json["format"]) == (count, ending)
        assert ended.json["byte_count"] == path.stat().st_size
        assert len(read(path)) == count

    def test_the_option_counts_more_than_the_ending(self, export: Any, tmp_path: Path) -> None:
        export("users", "--format", "csv", "-o", tmp_path / "users.txt")
        assert (tmp_path / "users.txt").read_text().startswith("id,external_id,email,role,")

    def test_without_ending_it_is_json(self, export: Any, tmp_path: Path) -> None:
        export("users", "-o", tmp_path / "users")
        assert len(json.loads((tmp_path / "users").read_text())) == 5

    def test_amounts_are_exact_in_all(self, export: Any, tmp_path: Path) -> None:
        found = {}
        for ending in ("json", "csv", "parquet"):
            path = tmp_path / f"days.{ending}"
            assert export("marts", "--mart", "agg_sellers_performance_daily", "-o", path).status == 0
            found[ending] = [row["gross_revenue_amount"] for row in read(path)]
        assert found["json"] == found["csv"] == ["0.10", "0.20"]
        assert sum(found["parquet"]) == Decimal("0.30")

    def test_nobody_but_the_owner_can_read_them(self, export: Any, tmp_path: Path) -> None:
        export("users", "-o", tmp_path / "users.csv")
        assert (tmp_path / "users.csv").stat().st_mode & 0o777 == 0o600

    def test_no_secret_is_in_them(self, export: Any, tmp_path: Path, database_url: str) -> None:
        with connect(database_url) as connection:
            connection.execute("update users set password_hash = 'the hash of a password'")
        export("users", "-o", tmp_path / "users.json")
        export("full-backup", "-o", tmp_path / "backup", "--format", "json")
        files = [path for path in tmp_path.rglob("*.json") if path.is_file()]
        assert len(files) > 10
        assert not any("the hash of a password" in path.read_text() for path in files)


class TestEvents:
    def test_of_days_that_left_the_database_come_from_the_lake(
        self, export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        day, moment = date(2020, 3, 1), datetime(2020, 3, 1, 12, tzinfo=UTC)
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
        get_settings.cache_clear()
        lake = tmp_path / "data" / LAKE_DIRECTORY
        event = dict.fromkeys(SCHEMA.names) | {
            "source": "api", "event_id": "old", "event_name": "prompt.viewed", "schema_version": 1, "batch_id": 1,
            "occurred_at": moment, "received_at": moment, "properties": '{"dwell_ms": 7}',
        }  # fmt: skip
        directory = day_directory(lake, day)
        directory.mkdir(parents=True)
        part = write_part(directory, "part-0001.parquet", [pa.RecordBatch.from_pylist([event], schema=SCHEMA)])
        assert part is not None
        write_day(lake, Day(received_date=day, parts=(part,)))
        assert export("events", "-o", tmp_path / "events.jsonl").status == 0
        old, *others = read(tmp_path / "events.jsonl")
        assert (old["event_id"], old["properties"], old["received_at"]) == (
            "old",
            {"dwell_ms": 7},
            "2020-03-01T12:00:00Z",
        )
        assert len(others) == 48
        assert list(others[0]) == list(old) == SCHEMA.names


class TestMarts:
    def test_all_are_rows_with_the_name_of_their_mart(self, export: Any, tmp_path: Path) -> None:
        ended = export("marts", "-o", tmp_path / "marts.json", "--json")
        assert ended.json["publication_id"] == "p1"
        rows = read(tmp_path / "marts.json")
        assert {row["mart"] for row in rows} == {"agg_sellers_performance_daily", "dim_prompts", "publications"}
        [prompt] = [row["row"] for row in rows if row["mart"] == "dim_prompts"]
        assert prompt["title"] == "A title, with a comma"

    def test_technical_columns_are_left_out(self, export: Any, tmp_path: Path) -> None:
        export("marts", "--mart", "agg_sellers_performance_daily", "-o", tmp_path / "days.parquet")
        assert not any(name.startswith("_") for name in pq.read_schema(tmp_path / "days.parquet").names)

    def test_one_that_is_not_there_is_named_with_those_that_are(self, export: Any, tmp_path: Path) -> None:
        ended = export("marts", "--mart", "fct_dreams", "-o", tmp_path / "x.csv")
        assert ended.status == 1
        assert "There is no mart fct_dreams. There are agg_prompts_performance_daily," in ended.err
        assert list(tmp_path.iterdir()) == []

    def test_before_the_first_publication_it_says_so(self, export: Any, tmp_path: Path, database_url: str) -> None:
        with connect(warehouse_of(database_url)) as connection:
            connection.execute("alter schema marts rename to marts_aside")
        try:
            for arguments in (["marts"], ["metrics"]):
                ended = export(*arguments, "-o", tmp_path / "x.csv")
                assert (ended.status, "Nothing has been published yet" in ended.err) == (1, True)
        finally:
            with connect(warehouse_of(database_url)) as connection:
                connection.execute("alter schema marts_aside rename to marts")
        assert list(tmp_path.iterdir()) == []


class TestFailures:
    def test_a_full_disk_leaves_what_was_there(
        self, export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "users.csv"
        path.write_text("the export of yesterday")

        def no_space(_handle: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(unfinished.os, "fsync", no_space)
        ended = export("users", "-o", path)
        assert ended.status == 1
        assert ended.err == f"Error: The disk is full: {path} was not written. Free some space and try again.\n"
        assert path.read_text() == "the export of yesterday"
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize("place", ["missing/users.csv", "a-file/users.csv"])
    def test_a_place_that_can_not_be_written_is_named(self, export: Any, tmp_path: Path, place: str) -> None:
        (tmp_path / "a-file").touch()
        ended = export("users", "-o", tmp_path / place)
        assert ended.status == 1
        assert str(tmp_path / place) in ended.err

    def test_an_interruption_leaves_nothing(self, export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(_handle: int) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(unfinished.os, "fsync", interrupt)
        assert export("users", "-o", tmp_path / "users.csv").status == 1
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        "arguments",
        [
            ["users"],
            ["users", "-o", "."],
            ["users", "-o", "x", "--format", "xml"],
            ["metrics", "-o", "x", "--metric", "dwell_time"],
            ["metrics", "-o", "x", "--metric", "take_rate", "--dimension", "category"],
            ["metrics", "-o", "x", "--metric", "unique_buyer_count", "--grain", "month"],
        ],
    )
    def test_wrong_use_is_status_2(
        self, export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert export(*arguments).status == 2
        assert list(tmp_path.iterdir()) == []


class TestFullBackup:
    def test_has_every_table_with_rows_and_hashes(self, export: Any, tmp_path: Path) -> None:
        ended = export("full-backup", "-o", tmp_path / "backup", "--json")
        assert (ended.status, ended.err) == (0, "")
        manifest = json.loads((tmp_path / "backup" / "manifest.json").read_text())
        assert manifest["publication_id"] == "p1"
        rows = {each["path"]: each["row_count"] for each in manifest["files"]}
        assert rows["application/orders.parquet"] == 60
        assert rows["application/events.parquet"] == 48
        assert rows["marts/agg_sellers_performance_daily.parquet"] == 2
        for each in manifest["files"]:
            assert pq.read_metadata(tmp_path / "backup" / each["path"]).num_rows == each["row_count"]
        there = {str(path.relative_to(tmp_path / "backup")) for path in (tmp_path / "backup").rglob("*.parquet")}
        assert there == set(rows)

    def test_does_not_mix_with_what_is_there(self, export: Any, tmp_path: Path) -> None:
        (tmp_path / "kept.txt").touch()
        assert export("full-backup", "-o", tmp_path).status == 2
        assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]

    def test_one_that_fails_leaves_nothing(self, export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_space(_handle: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(unfinished.os, "fsync", no_space)
        assert export("full-backup", "-o", tmp_path / "backup").status == 1
        assert list(tmp_path.iterdir()) == []

    def test_one_that_fails_is_told_like_a_file_that_fails(
        self, export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_space(_handle: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(unfinished.os, "fsync", no_space)
        path = tmp_path / "backup"
        told = [export(command, "-o", path).err for command in ("users", "full-backup")]
        assert told == [f"Error: The disk is full: {path} was not written. Free some space and try again.\n"] * 2


class TestImportAgain:
    @pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
    def test_a_catalog_that_was_imported_and_exported_is_unchanged(
        self, export: Any, tmp_path: Path, database_url: str, ending: str
    ) -> None:
        rows = [
            prompt("p1", tags="a;b", template="Do ${x}", price_cents=1901),
            prompt("p2", template="Plain"),
            # With what a spreadsheet would take for a formula, and what looks as if that had been mended.
            prompt("=p3", title="-50% on + and @", template="=1+1", category="''=x"),
            prompt("@p4", title="\tTab", template="\r-", category="'=x"),
        ]
        path = tmp_path / f"prompts.{ending}"
        with connect(database_url, autocommit=True) as connection:
            catalog = write_rows(tmp_path / "catalog.csv", rows)
            import_file(connection, "catalog", catalog, name_variables=name_variables)
            export("prompts", "-o", path)
            report = import_file(connection, "catalog", path, name_variables=name_variables)
        assert (report.unchanged, report.updated, report.inserted) == (len(rows), 0, 0)
