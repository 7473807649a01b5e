"""Exports of other systems take the way of every other file: stored once, and refused by the same rules."""

import pytest

from tests.integration.warehouse.imports.rows import prompt
from tests.unit.warehouse.imports.test_formats import GA4_CLICK, POSTHOG_SEARCH, SEGMENT_CLICK
from warehouse.imports import replay
from warehouse.imports.formats import FORMATS

ROWS = {"segment": SEGMENT_CLICK, "posthog": POSTHOG_SEARCH, "ga4": GA4_CLICK}


class TestImportFile:
    @pytest.mark.parametrize("name", ROWS)
    def test_an_export_is_stored_once(self, run, connection, name):
        run("catalog", [prompt("p1")])
        rows, export = [ROWS[name], ROWS[name]], FORMATS[name]
        reports = [run("events", rows, name="export.jsonl", export=export)[0] for _ in range(2)]
        assert [(report["inserted"], report["duplicates"]) for report in reports] == [(1, 1), (0, 2)]
        [stored] = connection.execute("select * from raw_events").fetchall()
        assert (stored["source"], stored["anonymous_id"] is not None) == (name, True)
        assert str(stored["occurred_at"]).startswith("2026-03-01 09:00:00.123")

    def test_what_is_refused_waits_in_our_form_and_can_be_replayed(self, run, connection):
        _, refused = run("events", [SEGMENT_CLICK], name="export.jsonl", export=FORMATS["segment"])
        assert refused == {1: "prompt_unknown"}
        run("catalog", [prompt("p1")])
        assert replay(connection, "events").inserted == 1
        assert connection.execute("select event_name from raw_events").fetchall() == [{"event_name": "prompt.clicked"}]

    def test_a_file_of_another_system_is_refused_with_what_is_missing(self, run):
        from warehouse.imports import ImportRefused

        with pytest.raises(ImportRefused, match="no column messageId"):
            run("events", [POSTHOG_SEARCH], name="export.jsonl", export=FORMATS["segment"])
