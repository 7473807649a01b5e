"""A whole import: columns, batches, dry runs, quarantine."""

import gzip

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.warehouse.imports.rows import event, order, prompt, write_rows
from warehouse.imports import ImportRefused, batch, import_file


class TestColumns:
    def test_a_missing_needed_column_refuses_the_file_and_writes_nothing(self, run, everything):
        before = everything()
        with pytest.raises(ImportRefused, match=r"has no columns title, template, .* It has: external_id, name\."):
            run("catalog", [{"external_id": "p1", "name": "x"}])
        assert everything() == before

    def test_another_separator_is_named(self, connection, tmp_path):
        path = tmp_path / "catalog.csv"
        path.write_text("external_id;title;template\np1;a;b\n")
        with pytest.raises(ImportRefused, match="separated by ',', not by ';'"):
            import_file(connection, "catalog", path)

    def test_an_export_of_another_system_is_told_from_an_events_file(self, run):
        with pytest.raises(ImportRefused, match=r"an export of Segment: import it with --format segment\."):
            run("events", [{"messageId": "m1", "type": "page"}], name="e.jsonl")

    def test_json_lines_lack_a_column_when_no_row_has_it(self, run):
        with pytest.raises(ImportRefused, match="has no column template"):
            run("catalog", [{"external_id": "p1", "title": "x"}], name="c.jsonl")

    def test_a_json_line_that_lacks_what_others_have_is_a_bad_row(self, run):
        report, refused = run("catalog", [prompt("p1"), {"external_id": "p2", "title": "x"}], name="c.jsonl")
        assert (report["inserted"], refused) == (1, {2: "template_missing"})

    def test_columns_nobody_reads_are_named_once(self, run):
        warnings = []
        report, _ = run(
            "catalog", [prompt("p1", colour="red"), prompt("p2", colour="blue")], on_warning=warnings.append
        )
        assert report["inserted"] == 2
        assert len(warnings) == 1
        assert "not read: colour" in warnings[0]

    def test_a_file_without_rows_is_no_problem(self, connection, tmp_path):
        path = tmp_path / "catalog.csv"
        path.write_text("external_id,title,template\n")
        assert import_file(connection, "catalog", path).to_dict()["read"] == 0


class TestFormats:
    def test_packed_csv_and_parquet_say_the_same_as_csv(self, run, connection, tmp_path):
        rows = [order(f"o{number}", user_external_id=f"u{number % 3}") for number in range(50)]
        run("catalog", [prompt()])
        report, _ = run("orders", rows)
        packed = tmp_path / "packed.csv.gz"
        packed.write_bytes(gzip.compress((tmp_path / "orders.csv").read_bytes()))
        parquet = tmp_path / "orders.parquet"
        columns = {name: [row[name] or None for row in rows] for name in rows[0]}
        pq.write_table(pa.table(columns | {"amount_cents": [1000] * 50}), parquet)
        assert report["inserted"] == 50
        assert import_file(connection, "orders", packed).unchanged == 50
        assert import_file(connection, "orders", parquet).unchanged == 50


class TestDryRun:
    def test_reports_what_an_import_would_and_writes_nothing(self, run, everything):
        run("catalog", [prompt("p1", seller="Acme")])
        before = everything()
        rows = [
            prompt("p1", title="New"),
            prompt("p2"),
            prompt("p2"),
            prompt("p3", price_cents="x"),
            prompt("p1", seller="B"),
        ]
        dry, dry_refused = run("catalog", rows, is_dry_run=True)
        assert everything() == before
        real, refused = run("catalog", rows)
        assert (dry, dry_refused) == (real, refused)
        assert (real["inserted"], real["updated"], real["unchanged"], real["quarantined"]) == (1, 1, 1, 2)

    def test_sees_what_it_would_have_written_before(self, run, monkeypatch):
        monkeypatch.setattr(batch, "BATCH_MAX_ROWS", 2)
        run("catalog", [prompt()])
        report, _ = run("orders", [order("o1"), order("o2"), order("o1"), order("o2")], is_dry_run=True)
        assert (report["inserted"], report["unchanged"]) == (2, 2)


class TestBatches:
    @pytest.mark.parametrize("rows_at_once", [1, 2, 3, 1000])
    def test_their_size_does_not_change_the_result(self, run, everything, monkeypatch, rows_at_once):
        monkeypatch.setattr(batch, "BATCH_MAX_ROWS", rows_at_once)
        run("catalog", [prompt("p1"), prompt("p2"), prompt("p1"), prompt("p2", title="Other"), prompt("p3", title="")])
        refund = {"refunded_at": "2026-02-01T00:00:00Z", "refunded_cents": "400"}
        rows = [order("o1"), order("o2"), order("o1", **refund), order("o3", prompt_external_id="p9"), order("o2")]
        report, refused = run("orders", rows)
        events = [event("e1"), event("e2", prompt_external_id="p2"), event("e1"), event("e2", session_id="x")]
        counted, clashes = run("events", events)
        assert refused == {5: "prompt_unknown"}
        assert (report["inserted"], report["updated"], report["unchanged"]) == (2, 1, 1)
        assert clashes == {5: "event_id_reused"}
        assert (counted["inserted"], counted["duplicates"]) == (2, 1)
        assert {table: len(found) for table, found in everything().items()} == {
            "organizations": 2, "users": 1, "prompts": 2, "prompt_versions": 2, "orders": 2, "refunds": 1,
            "raw_events": 2, "quarantine": 4, "prompt_statistics": 1,
        }  # fmt: skip

    def test_what_only_the_database_refuses_spoils_its_row_alone(self, run, connection):
        run("catalog", [prompt()])
        connection.execute("alter table orders add constraint odd check (amount_cents <> 7)")
        rows = [order(f"o{number}", amount_cents=str(number)) for number in range(20)]
        report, refused = run("orders", rows)
        assert refused == {9: "not_storable"}
        assert report["inserted"] == 19


class TestQuarantine:
    def test_a_bad_row_waits_there_with_its_line_and_reason(self, run, connection):
        run("catalog", [prompt("p1", template="a\nb"), prompt("p2", price_cents="9.99")])
        kept = connection.execute("select * from quarantine").fetchall()
        assert [(row["kind"], row["origin"], row["reason"]) for row in kept] == [
            ("catalog", "catalog.csv:4", "price_cents_invalid")
        ]
        assert "'9.99'" in kept[0]["detail"]

    def test_the_same_bad_row_again_is_one_row_there(self, run, connection):
        for _ in range(2):
            report, _ = run("catalog", [prompt("p2", price_cents="9.99")])
            assert report["quarantined"] == 1
        assert connection.execute("select count(*) as n from quarantine").fetchone()["n"] == 1

    def test_read_is_the_sum_of_all_fates(self, run):
        run("catalog", [prompt("p1")])
        rows = [prompt("p1"), prompt("p2"), prompt("p1", title="x"), prompt("p3", title=""), prompt("p2"), prompt("p4")]
        report, _ = run("catalog", rows)
        fates = ("inserted", "updated", "unchanged", "duplicates", "quarantined")
        assert report["read"] == 6 == sum(report[fate] for fate in fates)


class TestConcurrentImports:
    def test_take_turns(self, database_url, connection, tmp_path):
        from warehouse.databases import connect

        path = write_rows(tmp_path / "catalog.csv", [prompt()])
        connection.execute("select pg_advisory_xact_lock(%s)", [batch.IMPORT_LOCK])
        with connect(database_url, autocommit=True) as other:
            other.execute("set lock_timeout = '50ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                import_file(other, "catalog", path)
