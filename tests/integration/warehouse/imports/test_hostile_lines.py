"""Whatever a file holds: each line is in its documented place, and no bad one costs another."""

import re
from collections import Counter

import pytest

from tests.integration.hostile_events import DUPLICATE, STORED, event_lines
from tests.integration.warehouse.imports.rows import prompt
from warehouse.imports import import_file
from warehouse.journal.reasons import REASONS

SEED = 20261124
LEDGER = """
select
    sum(received_count)::int as received, sum(stored_count)::int as stored, sum(duplicate_count)::int as duplicates,
    sum(quarantined_count)::int as quarantined
from event_batches
"""
KEPT = "select reason, count(*)::int as events from quarantine where kind = 'events' group by reason"


def is_documented(reason: str) -> bool:
    """Whether docs/events.md lists it, by its name or as one of a column."""
    return (
        reason in REASONS
        or re.sub(r"^[a-z_]+_(?=missing|invalid|too_|ancient|future|without)", "<column>_", reason) in REASONS
    )


class TestHostileLines:
    @pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
    def test_each_is_in_its_documented_place(self, count, connection, run, tmp_path):
        run("catalog", [prompt("p1")])
        connection.execute("truncate event_batches")
        made = event_lines(SEED + count, count, prompt_external_id="p1")
        file = tmp_path / "events.jsonl"
        file.write_bytes(b"\n".join(each.content for each in made))
        places = {}
        report = import_file(
            connection, "events", file, on_refused=lambda refusal: places.update({refusal.record.line: refusal.reason})
        )
        expected = Counter(each.place for each in made)
        refused = {place: events for place, events in expected.items() if place not in (STORED, DUPLICATE)}
        wrong = [
            (each.place, places.get(line), each.content[:200])
            for line, each in enumerate(made, start=1)
            if places.get(line) != (None if each.place in (STORED, DUPLICATE) else each.place)
        ]
        assert wrong == []
        assert [reason for reason in refused if not is_documented(reason)] == []
        assert (report.read, report.inserted, report.duplicates) == (count, expected[STORED], expected[DUPLICATE])
        assert report.reasons == refused
        assert {row["reason"]: row["events"] for row in connection.execute(KEPT)} == refused
        assert connection.execute(LEDGER).fetchone() == {
            "received": count, "stored": expected[STORED], "duplicates": expected[DUPLICATE],
            "quarantined": sum(refused.values()),
        }  # fmt: skip
