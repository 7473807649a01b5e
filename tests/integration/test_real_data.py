"""Real input through the whole flow: the marts equal the books to the cent and the row, twice, and as of a past day."""

import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.servers import running_servers
from warehouse.settings import PROJECT_ROOT, Settings

AS_OF = "2011-02-01T00:00:00Z"
IMPORTS = (
    ("catalog", "prompts_catalog.csv.gz"),
    ("catalog", "retail_catalog.csv.gz"),
    ("orders", "retail_orders.csv.gz"),
    ("catalog", "obd_catalog.csv.gz"),
    ("events", "obd_events.csv.gz"),
)
RANKS = """
select surface, segment, rank, prompt_id, score, contributions from marts.rank_prompts order by surface, segment, rank
"""


class Marketplace:
    """A marketplace of its own, used from the command line."""

    def __init__(self, place: Path) -> None:
        self._environment = {k: v for k, v in os.environ.items() if not k.endswith("_URL")} | {"DATA_DIR": str(place)}

    def run(self, *arguments: str) -> dict[str, Any]:
        command = [sys.executable, str(PROJECT_ROOT / "cli" / "manage.py"), *arguments]
        result = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        answer: dict[str, Any] = json.loads(result.stdout) if "--json" in arguments else {}
        return answer

    def import_all(self, folder: Path) -> list[dict[str, Any]]:
        return [self.run("import", kind, str(folder / name), "--json") for kind, name in IMPORTS]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("DATABASE_URL", "WAREHOUSE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory(prefix="marketplace-real-") as directory:
        yield Path(directory)


@pytest.fixture
def truth(real_data: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((real_data / "truth.json").read_text())
    return found


def write_early_orders(real_data: Path, file: Path) -> None:
    """The orders as they stood at `AS_OF`: none paid later, none refunded later."""
    with (
        gzip.open(real_data / "retail_orders.csv.gz", "rt", newline="") as source,
        file.open("w", newline="") as target,
    ):
        reader = csv.DictReader(source)
        writer = csv.DictWriter(target, reader.fieldnames or [])
        writer.writeheader()
        for row in reader:
            if row["paid_at"] >= AS_OF:
                continue
            if row["refunded_at"] >= AS_OF:
                row |= {"refunded_at": "", "refunded_cents": ""}
            writer.writerow(row)


def one(connection: psycopg.Connection[DictRow], query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(row.values())


def books(connection: psycopg.Connection[DictRow]) -> dict[str, int]:
    """What the marts say, in the words of the truth."""
    orders, gross = one(connection, "select count(*), sum(gross_amount) * 100 from marts.fct_orders")
    refunds, refunded = one(
        connection, "select count(distinct order_id), sum(refunded_amount) * 100 from marts.fct_refunds"
    )
    impressions, clicks = one(
        connection,
        "select count(*) as listed, count(*) filter (where is_clicked) as clicked from marts.fct_impressions",
    )
    return {
        "orders": orders,
        "gross_cents": int(gross),
        "refunded_orders": refunds,
        "refunded_cents": int(refunded),
        "impressions": impressions,
        "clicks": clicks,
    }


MEASURES = (
    "order_count", "gross_revenue_amount", "refund_count", "refunded_amount", "net_revenue_amount", "impression_count",
    "click_count",
)  # fmt: skip


def daily_sums(connection: psycopg.Connection[DictRow], mart: str) -> tuple[Any, ...]:
    return one(connection, f"select {', '.join(f'sum({name}) as {name}' for name in MEASURES)} from marts.{mart}")


@pytest.mark.slow(minutes=2)
class TestRealData:
    def test_marts_equal_the_books_whatever_was_loaded_when(
        self, place: Path, real_data: Path, truth: dict[str, int], tmp_path: Path
    ):
        marketplace = Marketplace(place)
        expected = {name: truth[name] for name in truth if name != "credits_left_out"}
        with running_servers(Settings(data_dir=place)) as servers:
            marketplace.run("db", "init")
            marketplace.run("import", "catalog", str(real_data / "prompts_catalog.csv.gz"))
            marketplace.run("import", "catalog", str(real_data / "retail_catalog.csv.gz"))
            write_early_orders(real_data, tmp_path / "early.csv")
            marketplace.run("import", "orders", str(tmp_path / "early.csv"))
            marketplace.run("pipeline", "run", "--as-of", AS_OF)
            with connect(servers.warehouse_url) as connection:
                ranks_without_later_orders = connection.execute(RANKS).fetchall()

            marketplace.import_all(real_data)
            marketplace.run("pipeline", "run", "--as-of", AS_OF)
            with connect(servers.warehouse_url) as connection:
                assert connection.execute(RANKS).fetchall() == ranks_without_later_orders
                assert ranks_without_later_orders
                assert books(connection) == expected

            again = marketplace.import_all(real_data)
            assert sum(report["inserted"] + report["updated"] + report["quarantined"] for report in again) == 0
            marketplace.run("pipeline", "run")
            with connect(servers.warehouse_url) as connection:
                assert books(connection) == expected
                gross, refunded = (Decimal(truth[name]) / 100 for name in ("gross_cents", "refunded_cents"))
                sums = (
                    truth["orders"], gross, truth["refunded_orders"], refunded, gross - refunded,
                    truth["impressions"], truth["clicks"],
                )  # fmt: skip
                assert daily_sums(connection, "agg_prompts_performance_daily") == sums
                assert daily_sums(connection, "agg_sellers_performance_daily") == sums
            rebuilt = marketplace.run("pipeline", "run", "--engine", "duckdb", "--compare", "--json")
            assert {item["mart"]: item["different_rows"] for item in rebuilt["comparisons"]} == dict.fromkeys(
                rebuilt["mart_rows"], 0
            )
            assert rebuilt["mart_rows"]["fct_orders"] == truth["orders"]
