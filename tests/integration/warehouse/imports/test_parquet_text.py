"""Parquet whose text is not UTF-8 somewhere: that row waits in quarantine, and costs no other."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.warehouse.imports.rows import event, order, prompt
from warehouse.imports import import_file
from warehouse.imports.replay import replay

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROWS = {
    "events": lambda number: event(f"e{number}", occurred_at=AT, session_id="s", properties="{}"),
    "catalog": lambda number: prompt(f"p{number}", description="d"),
    "orders": lambda number: order(f"o{number}", refunded_at=None, refunded_cents=None),
}
QUARANTINED = "select kind, origin, reason, detail, raw, resolved_at from quarantine"


@pytest.fixture
def write(tmp_path):
    """Four rows as a file, of which this column of the third is not UTF-8."""

    def write_file(kind, column):
        rows = [ROWS[kind](number) | {"colour": "red"} for number in range(1, 5)]
        texts = [rows[0][column], rows[1][column], b"\xff", rows[3][column]]
        values = {name: [row[name] for row in rows] for name in rows[0]}
        values[column] = pa.array([each if each == b"\xff" else each.encode() for each in texts], pa.binary()).view(
            pa.string()
        )
        path = tmp_path / f"{kind}.parquet"
        pq.write_table(pa.table(values), path)
        return path

    return write_file


class TestImportFile:
    @pytest.mark.parametrize(
        ("kind", "column"),
        [
            ("events", "session_id"),
            ("events", "properties"),
            ("events", "colour"),
            ("catalog", "description"),
            ("catalog", "colour"),
            ("orders", "user_external_id"),
            ("orders", "colour"),
        ],
    )
    def test_text_that_is_not_utf8_spoils_its_row_alone(self, kind, column, write, connection, run):
        run("catalog", [prompt("p1")])
        refused = []
        report = import_file(connection, kind, write(kind, column), on_refused=refused.append)
        assert [(each.record.line, each.reason) for each in refused] == [(3, "encoding_invalid")]
        assert (report.read, report.inserted + report.updated, report.reasons) == (4, 3, {"encoding_invalid": 1})
        kept = connection.execute(QUARANTINED).fetchone()
        assert (kept["kind"], kept["origin"], kept["reason"], kept["detail"]) == (
            kind, f"{kind}.parquet:3", "encoding_invalid", f"'{column}' has text whose byte 1 is not UTF-8",
        )  # fmt: skip
        assert f'"{column}": "'.encode() + b'\xff"' in bytes(kept["raw"])

    def test_what_waits_of_it_still_waits_after_a_replay(self, write, connection, run):
        run("catalog", [prompt("p1")])
        import_file(connection, "events", write("events", "session_id"))
        assert replay(connection, "events").reasons == {"encoding_invalid": 1}
        assert connection.execute(QUARANTINED).fetchone()["resolved_at"] is None
