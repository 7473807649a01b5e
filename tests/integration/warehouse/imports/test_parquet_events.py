"""Events from Parquet: read by columns where they are plain, and stored as if each row had been looked at by itself."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.warehouse.imports.rows import event, prompt
from warehouse.imports import import_file

AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
TYPES = {"occurred_at": pa.timestamp("us", "UTC"), "position": pa.int64()}
COLUMNS = (
    "event_id", "event_name", "occurred_at", "source", "prompt_external_id", "user_external_id", "session_id",
    "position", "properties",
)  # fmt: skip
STORED = """
select source, event_id, event_name, schema_version, occurred_at, organization_id, user_id, anonymous_id, session_id,
    request_id, prompt_id, properties, is_own, is_staff, event_ids.id, event_ids.payload_hash
from raw_events
inner join event_ids on event_ids.id =
    encode(substring(sha256(convert_to(source || E'\\x1f' || event_id, 'UTF8')) for 16), 'hex')::uuid
order by source, event_id
"""
QUARANTINED = "select kind, origin, raw, reason, detail from quarantine order by origin, fingerprint"
LEDGER = """
select
    sum(received_count) as received, sum(stored_count) as stored, sum(duplicate_count) as duplicates,
    sum(quarantined_count) as quarantined
from event_batches
"""
ROWS = [
    event("e1", occurred_at=AT, session_id="s", properties='{"dwell_ms": 5, "a\\\\b": "c\\td"}'),
    event("e2", occurred_at=AT, user_external_id="u1", source="web"),
    event("e3", occurred_at=AT, prompt_external_id="p9"),
    event("e1", occurred_at=AT, session_id="s", properties='{"a\\\\b": "c\\td", "dwell_ms": 5}'),
    event("e1", occurred_at=AT, session_id="other"),
    event("e4", event_name="cart.filled", occurred_at=AT, prompt_external_id=None, position=3),
    event("e5", event_name="cart.filled", occurred_at=AT, session_id=" trimmed "),
    event("e6", event_name="search.performed", occurred_at=AT, properties='{"query": 1}'),
    event("e7", occurred_at=datetime.now(UTC) + timedelta(days=1)),
    event("e8", occurred_at=AT, properties="{"),
    event("e9", event_name="Bad Name", occurred_at=AT),
    event("", occurred_at=AT),
    event("e10", event_name="prompt.clicked", occurred_at=AT, position=1, properties='{"receipt_id": "r"}'),
]


@pytest.fixture(autouse=True)
def catalog(run):
    run("catalog", [prompt("p1"), prompt("p2")])


@pytest.fixture
def write(tmp_path):
    """Rows as a file of this name; as a type that is read row by row, when asked."""

    def write_file(rows, *, by_row=False):
        arrays = [pa.array([row.get(name) for row in rows], TYPES.get(name, pa.string())) for name in COLUMNS]
        if by_row:
            arrays[COLUMNS.index("event_name")] = arrays[COLUMNS.index("event_name")].dictionary_encode()
        path = tmp_path / str(by_row) / "events.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table(dict(zip(COLUMNS, arrays, strict=True))), path)
        return path

    return write_file


@pytest.fixture
def taken(connection):
    """Import a file; its report, its refusals, and all that is known then. Nothing of it stays."""

    def take(path):
        refused = []
        with connection.transaction(force_rollback=True):
            report = import_file(
                connection, "events", path, on_refused=lambda r: refused.append((r.record.line, r.reason, r.detail))
            )
            known = [connection.execute(query).fetchall() for query in (STORED, QUARANTINED, LEDGER)]
        return report.to_dict(), refused, known

    return take


class TestPlainEvents:
    def test_have_the_fate_of_rows_looked_at_one_by_one(self, write, taken):
        by_column, by_row = taken(write(ROWS)), taken(write(ROWS, by_row=True))
        assert by_column == by_row
        assert by_column[0] == {
            "read": 13, "inserted": 5, "updated": 0, "unchanged": 0, "duplicates": 1, "quarantined": 7,
            "reasons": by_row[0]["reasons"],
        }  # fmt: skip
        assert {line: reason for line, reason, _ in by_column[1]} == {
            3: "prompt_unknown", 5: "event_id_reused", 8: "properties_invalid", 9: "occurred_at_future",
            10: "properties_invalid", 11: "event_name_malformed", 12: "event_id_missing",
        }  # fmt: skip

    def test_the_same_file_again_changes_nothing(self, write, connection, everything):
        path = write(ROWS)
        first = import_file(connection, "events", path)
        before = everything()
        report = import_file(connection, "events", path)
        assert (report.inserted, report.duplicates) == (0, 6)
        assert report.reasons == first.reasons
        assert everything() == before

    def test_what_only_the_database_refuses_spoils_its_row_alone(self, write, connection):
        connection.execute("alter table raw_events add constraint odd check (session_id <> 's7')")
        rows = [event(f"e{number}", occurred_at=AT, session_id=f"s{number}") for number in range(20)]
        refused = []
        report = import_file(connection, "events", write(rows), on_refused=refused.append)
        assert [(each.record.line, each.reason) for each in refused] == [(8, "not_storable")]
        assert report.inserted == 19
