"""Quarantine, replayed."""

import orjson
import pytest

from tests.integration.warehouse.imports.rows import event, order, prompt
from warehouse.imports import replay
from warehouse.imports.formats import FORMATS
from warehouse.imports.identity import imported_id
from warehouse.journal import Rejected, quarantine


@pytest.fixture
def waiting(connection):
    def read_waiting():
        rows = connection.execute("select kind, reason from quarantine where resolved_at is null order by id")
        return [tuple(row.values()) for row in rows]

    return read_waiting


def envelope(event_id="e1", prompt_id="p1", **fields):
    """An event as the service keeps it."""
    return {
        "event_id": event_id, "source": "client:x", "event_name": "prompt.viewed", "schema_version": 1,
        "occurred_at": "2026-01-02T03:04:05Z", "organization_id": None, "user_id": None, "anonymous_id": None,
        "session_id": None, "request_id": None, "prompt_id": str(imported_id("prompt", prompt_id)), "properties": {},
        **fields,
    }  # fmt: skip


def keep(connection, fields, *, origin, reason="prompt_unknown"):
    quarantine(connection, [Rejected("events", origin, orjson.dumps(fields), reason, "as it was said then")])


class TestReplay:
    def test_orders_and_events_are_stored_once_their_prompt_is_known(self, run, connection, waiting):
        run("orders", [order("o1"), order("o2", prompt_external_id="p9")])
        run("events", [event("e1"), event("e2")])
        run("catalog", [prompt("p1")])
        reports = [replay(connection, kind) for kind in ("catalog", "orders", "events")]
        assert [(report.read, report.inserted, report.quarantined) for report in reports] == [
            (0, 0, 0),
            (2, 1, 1),
            (2, 2, 0),
        ]
        assert waiting() == [("orders", "prompt_unknown")]
        assert connection.execute("select count(*) as n from raw_events").fetchone()["n"] == 2

    def test_what_a_later_import_brought_is_resolved_without_a_change(self, run, connection, waiting, everything):
        run("orders", [order("o1")])
        run("catalog", [prompt("p1")])
        run("orders", [order("o1")])
        before = everything()["orders"]
        report = replay(connection, "orders")
        assert (report.unchanged, waiting()) == (1, [])
        assert everything()["orders"] == before

    def test_rows_that_stay_bad_keep_waiting(self, run, connection, waiting):
        run("catalog", [prompt("p1", price_cents="9.99"), prompt("p2", currency="??")])
        refused = []
        report = replay(connection, "catalog", on_refused=refused.append)
        assert (report.read, report.quarantined, len(refused)) == (2, 2, 2)
        assert waiting() == [("catalog", "price_cents_invalid"), ("catalog", "currency_invalid")]

    def test_a_row_that_could_not_be_taken_apart_keeps_its_reason(self, connection, tmp_path, waiting):
        from warehouse.imports import import_file

        path = tmp_path / "catalog.csv"
        path.write_bytes(b'external_id,title,template\np1,"open,x\np2,a\n')
        import_file(connection, "catalog", path)
        replay(connection, "catalog")
        assert waiting() == [("catalog", "csv_malformed"), ("catalog", "field_count_wrong")]

    def test_an_event_of_a_client_without_a_name_stays_and_stops_no_other(self, connection, run, waiting):
        keep(connection, {"source": "client:x", "organization_id": None}, origin="api", reason="envelope_invalid")
        keep(connection, envelope(), origin="api")
        run("catalog", [prompt("p1")])
        report = replay(connection, "events")
        assert (report.inserted, waiting()) == (1, [("events", "envelope_invalid")])

    @pytest.mark.parametrize(
        ("system", "row", "wrong"),
        [
            ("segment", {"messageId": "m1", "type": "page", "timestamp": "2026-01-02T03:04:05Z"}, {"context": "{"}),
            (
                "posthog",
                {"uuid": "u1", "event": "$pageview", "timestamp": "2026-01-02T03:04:05Z", "properties": "{}"},
                {"properties": "{"},
            ),
            (
                "ga4",
                {"event_name": "page_view", "event_timestamp": 1767323045000000, "user_id": "u"},
                {"event_params": 1},
            ),
        ],
    )
    def test_rows_of_other_systems_are_tried_as_such(self, run, connection, waiting, system, row, wrong):
        run("events", [row | wrong], name="events.jsonl", export=FORMATS[system])
        [(_, reason)] = waiting()
        replay(connection, "events")
        assert waiting() == [("events", reason)]
        # As if what it holds were taken now.
        connection.execute("update quarantine set raw = %s, byte_count = 1", [orjson.dumps(row)])
        assert (replay(connection, "events").inserted, waiting()) == (1, [])

    def test_an_event_of_a_client_is_none_of_another_system(self, run, connection, waiting):
        sent = {"messageId": "m1", "type": "page", "timestamp": "2026-01-02T03:04:05Z", "userId": "victim"}
        keep(connection, sent | {"source": "client:x"}, origin="api", reason="envelope_invalid")
        assert replay(connection, "events").inserted == 0
        assert len(waiting()) == 1

    @pytest.mark.parametrize("kind", ["catalog", "orders"])
    def test_nor_is_a_prompt_or_an_order_with_columns_like_theirs(self, run, connection, waiting, kind):
        exported = {"messageId": "m1", "type": "page", "timestamp": "2026-01-02T03:04:05Z"}
        row = {"catalog": prompt("p2"), "orders": order("o1")}[kind]
        run("catalog", [prompt("p1")])
        quarantine(connection, [Rejected(kind, "file.csv", orjson.dumps(row | exported), "prompt_unknown", "then")])
        assert (replay(connection, kind).inserted, waiting()) == (1, [])

    def test_a_second_time_tries_only_what_waits(self, run, connection):
        run("orders", [order("o1")])
        run("catalog", [prompt("p1")])
        assert replay(connection, "orders").read == 1
        assert replay(connection, "orders").read == 0

    def test_a_contradiction_never_overwrites_what_is_known(self, run, connection, waiting):
        run("catalog", [prompt(title="First"), prompt(title="Second")])
        replay(connection, "catalog")
        assert waiting() == [("catalog", "prompt_conflict")]
        assert connection.execute("select title from prompts").fetchone()["title"] == "First"

    def test_more_rows_than_fit_a_page_are_all_tried(self, run, connection, waiting):
        run("orders", [order(f"o{number}") for number in range(2300)])
        run("catalog", [prompt("p1")])
        assert replay(connection, "orders").inserted == 2300
        assert waiting() == []


class TestReplayedEventsOfTheService:
    def test_are_stored_as_they_were_with_their_identity(self, run, connection, waiting):
        run("catalog", [prompt("p1")])
        run("orders", [order(user_external_id="u1")])
        user = connection.execute("select id, organization_id from users").fetchone()
        identity = {"user_id": str(user["id"]), "organization_id": str(user["organization_id"])}
        keep(connection, envelope(**identity), origin="journal")
        assert replay(connection, "events").inserted == 1
        found = connection.execute("select * from raw_events").fetchone()
        assert (found["source"], found["user_id"]) == ("client:x", user["id"])
        assert waiting() == []

    def test_of_clients_are_tried_again_where_the_cause_can_be_mended(self, run, connection):
        run("catalog", [prompt("p1")])
        keep(connection, envelope(), origin="api")
        assert replay(connection, "events").inserted == 1

    @pytest.mark.parametrize(
        "reason", ["event_name_reserved", "source_not_allowed", "value_not_storable", "anything_new"]
    )
    def test_of_clients_are_not_taken_where_the_refusal_is_final(self, run, connection, waiting, reason):
        run("catalog", [prompt("p1")])
        paid = {"order_id": "o", "amount_cents": 1, "currency": "USD"}
        keep(connection, envelope(event_name="order.paid", properties=paid), origin="api", reason=reason)
        assert replay(connection, "events").quarantined == 1
        assert waiting() == [("events", reason)]
        assert connection.execute("select count(*) as n from raw_events").fetchone()["n"] == 0

    @pytest.mark.parametrize("name", ["order.paid", " order.paid ", " Results.Served", "prompt.viewed"])
    def test_of_clients_can_not_name_somebody_else_in_the_form_of_files(self, run, connection, waiting, name):
        run("catalog", [prompt("p1")])
        forged = envelope(event_name=name, user_external_id="victim", properties={"receipt_id": "r1"})
        keep(connection, forged, origin="api", reason="envelope_invalid")
        assert replay(connection, "events").inserted == 0
        assert waiting() == [("events", "envelope_invalid")]
        assert connection.execute("select 1 from users where external_id = 'victim'").fetchone() is None

    def test_whose_id_was_used_since_wait_on_in_one_row(self, run, connection, waiting):
        run("events", [event("e1", session_id="one")])
        run("catalog", [prompt("p1")])
        run("events", [event("e1", session_id="two")])
        assert replay(connection, "events").reasons == {"event_id_reused": 1}
        assert waiting() == [("events", "event_id_reused")]
        assert replay(connection, "events").reasons == {"event_id_reused": 1}
        assert waiting() == [("events", "event_id_reused")]
