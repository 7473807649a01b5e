"""Real files, whole: what they hold is in the database, once, byte for byte."""

import csv
import gzip
import json

import pytest

from tests.integration.warehouse.imports.conftest import TABLES
from warehouse.databases import connect
from warehouse.imports import import_file

pytestmark = pytest.mark.slow

FILES = (
    ("catalog", "prompts_catalog.csv.gz"),
    ("catalog", "retail_catalog.csv.gz"),
    ("catalog", "obd_catalog.csv.gz"),
    ("orders", "retail_orders.csv.gz"),
    ("events", "obd_events.csv.gz"),
)


@pytest.fixture(scope="module")
def database(database_url):
    with connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def reports(database, real_data):
    return {name: import_file(database, kind, real_data / name).to_dict() for kind, name in FILES}


@pytest.fixture(scope="module")
def truth(real_data):
    return json.loads((real_data / "truth.json").read_text())


def read_csv(path):
    csv.field_size_limit(10**7)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class TestFirstImport:
    def test_takes_in_every_row(self, reports, truth):
        assert {name: report["inserted"] for name, report in reports.items()} == {
            "prompts_catalog.csv.gz": 728,
            "retail_catalog.csv.gz": 3047,
            "obd_catalog.csv.gz": 80,
            "retail_orders.csv.gz": truth["orders"],
            "obd_events.csv.gz": truth["impressions"] + truth["clicks"],
        }
        assert {name: report["quarantined"] for name, report in reports.items()} == dict.fromkeys(reports, 0)

    def test_keeps_titles_and_templates_byte_for_byte(self, reports, database, real_data):
        kept = database.execute(
            "select external_id, title, template from prompts inner join prompt_versions on prompt_id = prompts.id"
            " where external_id like 'prompt-dev-%'"
        ).fetchall()
        expected = {row["external_id"]: (row["title"], row["template"]) for row in read_csv(real_data / FILES[0][1])}
        assert len(expected) == 728
        assert {row["external_id"]: (row["title"], row["template"]) for row in kept} == expected

    def test_books_every_penny(self, reports, database, truth):
        orders = database.execute("select count(*) as n, sum(amount_cents) as cents from orders").fetchone()
        refunds = database.execute("select count(*) as n, sum(amount_cents) as cents from refunds").fetchone()
        assert (orders["n"], orders["cents"]) == (truth["orders"], truth["gross_cents"])
        assert (refunds["n"], refunds["cents"]) == (truth["refunded_orders"], truth["refunded_cents"])

    def test_says_of_every_refunded_order_how_much(self, reports, database, truth):
        wrong = database.execute(
            "select count(*) as n from orders left join refunds on refunds.order_id = orders.id"
            " where orders.status <> case when refunds.id is null then 'paid'"
            " when refunds.amount_cents = orders.amount_cents then 'refunded'"
            " else 'partially_refunded' end"
        ).fetchone()
        assert wrong["n"] == 0

    def test_stores_served_items_and_clicks_of_known_prompts(self, reports, database, truth):
        found = database.execute(
            "select event_name, count(*) as n, count(properties->>'receipt_id') as receipts"
            " from raw_events group by event_name"
        ).fetchall()
        assert {row["event_name"]: (row["n"], row["receipts"]) for row in found} == {
            "results.served": (truth["impressions"],) * 2,
            "prompt.clicked": (truth["clicks"],) * 2,
        }
        unknown = database.execute(
            "select count(*) as n from raw_events, jsonb_array_elements(properties->'items') as item"
            " where not exists (select 1 from prompts where id::text = item->>'prompt_id')"
        ).fetchone()
        assert unknown["n"] == 0


class TestSecondImport:
    def test_changes_nothing_at_all(self, reports, database, real_data):
        def fingerprints():
            return {
                table: database.execute(
                    f"select count(*) as n, sum(hashtextextended(xmin::text || ctid::text, 0)) as rows from {table}"
                ).fetchone()
                for table in TABLES
            }

        before = fingerprints()
        again = {name: import_file(database, kind, real_data / name).to_dict() for kind, name in FILES}
        assert fingerprints() == before
        assert {
            name: (report["inserted"], report["updated"], report["quarantined"]) for name, report in again.items()
        } == (dict.fromkeys(again, (0, 0, 0)))
