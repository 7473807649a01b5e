"""`POST /api/v1/analytics/events` from outside."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest


def event(**changes):
    return {
        "event_id": uuid4().hex,
        "event_name": "page.opened",
        "occurred_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
        **changes,
    }


@pytest.fixture
def send(client, buyer):
    """Sends a body as the buyer."""

    def send(body, *, account=buyer):
        return client.post("/analytics/events", json=body, headers=account.headers)

    return send


@pytest.fixture
def quarantined(database):
    """What is kept in quarantine with a reason, newest last."""

    def quarantined(reason):
        rows = database.execute("select raw, detail from quarantine where reason = %s order by id", [reason])
        return [json.loads(row["raw"]) for row in rows]

    return quarantined


class TestAcceptEvents:
    def test_stores_an_event_as_the_tokens_organization(self, send, seller, buyer, create_prompt, stored_events):
        prompt = create_prompt(seller)
        sent = event(
            event_name="prompt.clicked",
            prompt_id=prompt["id"],
            properties={"position": 3, "receipt_id": "r-1", "colour": "red"},
            session_id="s-1",
            anonymous_id="a-1",
            organization_id=seller.organization_id,
        )
        answer = send(sent)
        assert answer.status_code == 202
        assert answer.json() == {"accepted": 1, "duplicates": 0, "quarantined": 0, "errors": []}
        (stored,) = stored_events("prompt.clicked", event_id=sent["event_id"])
        assert (str(stored["organization_id"]), str(stored["user_id"])) == (buyer.organization_id, buyer.user_id)
        assert stored["source"] == f"client:{buyer.organization_id}"
        assert stored["properties"] == sent["properties"]
        assert (stored["session_id"], stored["anonymous_id"]) == ("s-1", "a-1")

    @pytest.mark.parametrize("wrap", [lambda events: events, lambda events: {"events": events}])
    def test_counts_good_repeated_and_bad_events_of_a_batch(self, send, wrap, stored_events):
        first, second = event(event_name="batch.sent"), event(event_name="batch.sent")
        send([first])
        batch = [first, second, second, event(event_name="order.paid"), event(event_name="Bad"), 7]
        answer = send(wrap(batch)).json()
        assert (answer["accepted"], answer["duplicates"], answer["quarantined"]) == (1, 2, 3)
        assert [(error["index"], error["reason"]) for error in answer["errors"]] == [
            (3, "event_name_reserved"),
            (4, "event_name_malformed"),
            (5, "envelope_invalid"),
        ]
        assert len(stored_events("batch.sent", event_id=second["event_id"])) == 1

    def test_knows_an_event_again_after_it_was_stored(self, send, stored_events):
        sent = event()
        send(sent)
        stored_events("page.opened")
        assert send(sent).json()["duplicates"] == 1

    def test_takes_the_same_id_from_two_organizations(self, send, register):
        sent = event()
        send(sent)
        assert send(sent, account=register("buyer")).json()["accepted"] == 1

    def test_refuses_a_prompt_that_does_not_exist(self, send, quarantined):
        sent = event(event_name="prompt.viewed", prompt_id=str(uuid4()))
        answer = send([sent, event()]).json()
        assert (answer["accepted"], [error["reason"] for error in answer["errors"]]) == (1, ["prompt_unknown"])
        assert sent["event_id"] in [kept["event_id"] for kept in quarantined("prompt_unknown")]

    def test_does_not_tell_a_draft_of_others_from_no_prompt(self, send, seller, create_prompt):
        draft = create_prompt(seller, publish=False)
        sent = event(event_name="prompt.viewed", prompt_id=draft["id"])
        assert send(sent).json()["errors"][0]["reason"] == "prompt_unknown"
        assert send(sent, account=seller).json()["accepted"] == 1

    def test_takes_late_events_of_an_archived_prompt(self, client, send, seller, create_prompt):
        prompt = create_prompt(seller)
        client.post(f"/prompts/{prompt['id']}/archive", headers=seller.headers)
        assert send(event(event_name="prompt.viewed", prompt_id=prompt["id"])).json()["accepted"] == 1

    def test_keeps_what_it_refuses_once(self, send, buyer, quarantined):
        sent = event(event_name="results.served", properties={"text": "😀 é"})
        send(sent)
        send(sent)
        (kept,) = (each for each in quarantined("event_name_reserved") if each["event_id"] == sent["event_id"])
        assert {name: kept[name] for name in sent} == sent
        assert kept["organization_id"] == buyer.organization_id

    @pytest.mark.parametrize("source", ["api", "worker", "client:0192f0c4-7a3e-7c1b-9d52-3e6f8a1b2c4d"])
    def test_nobody_speaks_for_the_server_or_others(self, send, source):
        assert send(event(source=source)).json()["errors"][0]["reason"] == "source_not_allowed"

    def test_takes_a_thousand(self, send):
        assert send([event() for _ in range(1000)]).json()["accepted"] == 1000

    def test_refuses_more_than_a_thousand_and_takes_none(self, send, stored_events):
        answer = send([event(event_name="crowd.came") for _ in range(1001)])
        assert answer.status_code == 413
        assert answer.json()["type"].endswith(":event-batch-too-large")
        assert stored_events("crowd.came") == []

    def test_takes_none(self, send):
        assert send([]).json() == {"accepted": 0, "duplicates": 0, "quarantined": 0, "errors": []}

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[NaN]", b'{"a":' * 50_000])
    def test_refuses_a_body_that_is_not_json(self, client, buyer, content):
        answer = client.post("/analytics/events", content=content, headers=buyer.headers)
        assert answer.status_code == 400
        assert answer.json()["type"].endswith(":body-malformed")

    def test_refuses_a_body_that_is_no_event(self, send):
        assert send("event").status_code == 422

    def test_keeps_half_a_surrogate_pair_in_quarantine(self, client, buyer, quarantined):
        content = json.dumps(event(event_id="half", properties={"a": "\ud800"})).encode()
        answer = client.post("/analytics/events", content=content, headers=buyer.headers)
        assert answer.json()["quarantined"] == 1
        assert [kept["properties"] for kept in quarantined("value_not_storable") if kept["event_id"] == "half"] == [
            {"a": "\ud800"}
        ]

    def test_needs_a_log_in(self, client):
        assert client.post("/analytics/events", json=event()).status_code == 401


class TestEventSchemas:
    def test_lists_the_catalogue(self, client, buyer):
        items = client.get("/analytics/events/schemas", headers=buyer.headers).json()["items"]
        server_only = {item["event_name"] for item in items if item["is_server_only"]}
        assert server_only == {"results.served", "api.requested", "order.paid", "order.refunded"}
        assert all(item["json_schema"]["title"] == item["event_name"] for item in items)

    def test_tells_one(self, client, buyer):
        answer = client.get("/analytics/events/schemas/prompt.clicked", headers=buyer.headers).json()
        assert answer["json_schema"]["properties"]["properties"]["required"] == ["position", "receipt_id"]

    def test_does_not_know_others(self, client, buyer):
        answer = client.get("/analytics/events/schemas/page.opened", headers=buyer.headers)
        assert (answer.status_code, answer.json()["title"]) == (404, "Event unknown")
