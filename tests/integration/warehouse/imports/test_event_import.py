"""Events into the application database."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.warehouse.imports.rows import event, prompt
from warehouse.imports.identity import imported_id

P1 = imported_id("prompt", "p1")


def served(event_id="s1", **values):
    items = [
        {"prompt_id": "p1", "position": 1, "propensity": 0.5, "extra": "kept"},
        {"prompt_id": str(imported_id("prompt", "p2")), "position": 2},
    ]
    properties = {"surface": "top", "receipt_id": "r1", "items": values.pop("items", items)}
    return event(event_id, event_name="results.served", prompt_external_id=None, properties=properties, **values)


@pytest.fixture(autouse=True)
def catalog(run):
    run("catalog", [prompt("p1"), prompt("p2")])


@pytest.fixture
def run_events(run):
    """Import events from JSON Lines, which hold properties as they are."""

    def run_import(*rows, **options):
        return run("events", list(rows), name="events.jsonl", **options)

    return run_import


@pytest.fixture
def stored(connection):
    def read_stored():
        return {row["event_id"]: row for row in connection.execute("select * from raw_events")}

    return read_stored


class TestNewEvents:
    def test_are_stored_under_the_ids_of_the_marketplace(self, run_events, stored, connection):
        run_events(event(user_external_id="u1", session_id="s", request_id="q", source="web"))
        found = stored()["e1"]
        user = connection.execute("select * from users").fetchone()
        assert (found["source"], found["event_name"], found["schema_version"]) == ("web", "prompt.viewed", 1)
        assert found["prompt_id"] == P1
        assert found["user_id"] == user["id"] == imported_id("user", "u1")
        assert found["organization_id"] == user["organization_id"]
        assert (found["session_id"], found["request_id"]) == ("s", "q")
        assert found["occurred_at"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def test_items_of_a_served_list_name_prompts_by_either_id(self, run_events, stored):
        run_events(served())
        items = stored()["s1"]["properties"]["items"]
        assert [item["prompt_id"] for item in items] == [str(P1), str(imported_id("prompt", "p2"))]
        assert items[0]["extra"] == "kept"

    def test_csv_holds_properties_as_text(self, run, stored):
        click = event(event_name="prompt.clicked", position="3", properties='{"receipt_id": "r1"}')
        run("events", [click])
        assert stored()["e1"]["properties"] == {"receipt_id": "r1", "position": 3}

    def test_an_operator_may_import_what_only_the_server_says(self, run_events, stored):
        paid = {"order_id": "o1", "amount_cents": 5, "currency": "USD"}
        report, _ = run_events(event(event_name="order.paid", properties=paid), served())
        assert report["inserted"] == 2
        assert set(stored()) == {"e1", "s1"}

    def test_names_nobody_knows_are_kept_when_well_formed(self, run_events):
        report, refused = run_events(event("e1", event_name="cart.filled"), event("e2", event_name="Cart Filled"))
        assert report["inserted"] == 1
        assert refused == {2: "event_name_malformed"}


class TestNamedPrompts:
    def test_a_prompts_own_id_is_one_however_it_is_spelt(self, run_events, stored):
        own = str(imported_id("prompt", "p1"))
        run_events(event("lower", prompt_external_id=own), event("upper", prompt_external_id=own.upper()))
        assert {row["prompt_id"] for row in stored().values()} == {imported_id("prompt", "p1")}
        assert set(stored()) == {"lower", "upper"}


class TestRefusedEvents:
    @pytest.mark.parametrize(
        ("bad", "reason"),
        [
            (event("x", prompt_external_id="p9"), "prompt_unknown"),
            (
                served("x", items=[{"prompt_id": "p1", "position": 1}, {"prompt_id": "p9", "position": 2}]),
                "prompt_unknown",
            ),
            (served("x", items=[{"prompt_id": "p1"}]), "properties_invalid"),
            (served("x", items=["p1"]), "properties_invalid"),
            (event("x", prompt_external_id=None), "prompt_missing"),
            (event("x", event_name="prompt.clicked"), "properties_invalid"),
            (event("x", event_name="review.submitted", properties={"rating": 9}), "properties_invalid"),
            (event("x", occurred_at="2026-01-02T03:04:05"), "occurred_at_without_zone"),
            (event("x", occurred_at=(datetime.now(UTC) + timedelta(days=1)).isoformat()), "occurred_at_future"),
            (event("x", properties={"a": "b\x00"}), "properties_invalid"),
            (event("", occurred_at="2026-01-02T03:04:05Z"), "event_id_missing"),
        ],
    )
    def test_are_named_and_stop_nobody_else(self, run_events, stored, bad, reason):
        report, refused = run_events(event("before"), bad, event("after"))
        assert refused == {2: reason}
        assert (report["inserted"], report["quarantined"], report["reasons"]) == (2, 1, {reason: 1})
        assert set(stored()) == {"before", "after"}

    def test_make_no_users(self, run_events, connection):
        run_events(event(prompt_external_id="p9", user_external_id="u9"))
        assert connection.execute("select count(*) as n from users").fetchone()["n"] == 0

    def test_are_kept_with_their_line_as_they_were_written(self, run_events, connection):
        run_events(event("before"), event("x", prompt_external_id="p9"))
        kept = connection.execute("select * from quarantine").fetchone()
        assert (kept["kind"], kept["origin"], kept["reason"]) == ("events", "events.jsonl:2", "prompt_unknown")
        assert b'"prompt_external_id": "p9"' in kept["raw"]


class TestKnownEvents:
    def test_the_same_again_changes_nothing(self, run_events, everything):
        rows = [event("e1", user_external_id="u1"), served(), event("e2")]
        run_events(*rows)
        before = everything()
        report, _ = run_events(*rows)
        assert (report["duplicates"], report["inserted"]) == (3, 0)
        assert everything() == before

    def test_twice_in_a_file_is_once(self, run_events):
        report, _ = run_events(event("e1"), event("e1"))
        assert (report["inserted"], report["duplicates"]) == (1, 1)

    def test_an_id_used_again_for_something_else_is_refused_with_its_line(self, run_events, stored, connection):
        run_events(event("e1"))
        report, refused = run_events(event("e0"), event("e1", session_id="other"))
        assert refused == {2: "event_id_reused"}
        assert (report["inserted"], report["duplicates"], report["quarantined"]) == (1, 0, 1)
        assert stored()["e1"]["session_id"] is None
        origins = [row["origin"] for row in connection.execute("select origin from quarantine")]
        assert origins == ["events.jsonl:2"]

    def test_the_same_id_of_another_source_is_another_event(self, run_events):
        report, _ = run_events(event("e1", source="a"), event("e1", source="b"))
        assert report["inserted"] == 2
