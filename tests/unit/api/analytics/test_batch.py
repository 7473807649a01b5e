"""Turning a body into events."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.analytics.batch import Batch, read_batch
from api.analytics.errors import EventBatchMalformed, EventBatchTooLarge
from api.auth.identity import session_identity
from api.errors import BodyMalformed
from warehouse.events import Event
from warehouse.intake import event_of, payload_hash

NOW = datetime(2026, 3, 1, tzinfo=UTC)
# Fixed, because it is part of the names of tests, which two workers must agree on.
ORGANIZATION_ID = UUID("0192f0c4-7a3e-7c1b-9d52-3e6f8a1b2c4e")
OTHER_ID = UUID("0192f0c4-7a3e-7c1b-9d52-3e6f8a1b2c4d")
user = session_identity(
    user_id=uuid4(), organization_id=ORGANIZATION_ID, email="ana@acme.example", role="buyer", session_id=uuid4()
)
OWN = f"client:{user.organization_id}"


def event(**changes: Any) -> dict[str, Any]:
    return {"event_id": "1", "event_name": "page.opened", "occurred_at": "2026-02-28T12:00:00Z", **changes}


def read(body: Any, *, max_events: int = 1000) -> Batch:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_batch(raw, user, received_at=NOW, max_events=max_events)


def events(body: Any) -> list[Event]:
    return [event_of(each) for each in read(body).events.values()]


def reasons(body: Any) -> list[str]:
    return [refused.reason for refused in read(body).refused]


class TestReadBatch:
    @pytest.mark.parametrize("body", [event(), [event()], {"events": [event()]}])
    def test_takes_one_event_or_a_list(self, body):
        assert [each.event_id for each in events(body)] == ["1"]

    def test_takes_no_events(self):
        assert read([]) == Batch({}, [])

    def test_says_itself_whose_event_it_is_and_when_it_came(self):
        sent = event(organization_id=str(uuid4()), user_id=str(uuid4()), received_at="1999-01-01T00:00:00Z")
        [taken] = events(sent)
        assert (taken.organization_id, taken.user_id, taken.received_at) == (user.organization_id, user.user_id, NOW)

    @pytest.mark.parametrize(
        ("named", "source"), [(None, OWN), ("shop", f"{OWN}:shop"), (OWN, OWN), (f"{OWN}:shop", f"{OWN}:shop")]
    )
    def test_puts_the_organization_before_the_source(self, named, source):
        assert [each.source for each in events(event(source=named))] == [source]

    @pytest.mark.parametrize("named", ["api", "worker", f"client:{OTHER_ID}", f"{OWN}0", "client:"])
    def test_refuses_the_source_of_somebody_else(self, named):
        assert reasons(event(source=named)) == ["source_not_allowed"]

    @pytest.mark.parametrize(
        "name", ["order.paid", "order.refunded", "order.anything", "results.served", "api.requested"]
    )
    def test_refuses_what_only_the_server_may_say(self, name):
        assert reasons(event(event_name=name)) == ["event_name_reserved"]

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"event_name": "Clicked"}, "event_name_malformed"),
            ({"event_name": None}, "envelope_invalid"),
            ({"event_id": ""}, "envelope_invalid"),
            ({"event_id": "\x00"}, "envelope_invalid"),
            ({"event_id": 7}, "envelope_invalid"),
            ({"source": 7}, "envelope_invalid"),
            ({"source": "s" * 300}, "envelope_invalid"),
            ({"occurred_at": "yesterday"}, "envelope_invalid"),
            ({"occurred_at": "2026-02-28T12:00:00"}, "envelope_invalid"),
            ({"occurred_at": "1999-12-31T00:00:00Z"}, "occurred_at_ancient"),
            ({"occurred_at": "2026-01-29T00:00:00Z"}, "occurred_at_too_old"),
            ({"occurred_at": "2026-03-02T00:00:00Z"}, "occurred_at_future"),
            ({"sent_at": "yesterday"}, "sent_at_invalid"),
            ({"sent_at": "9999-12-31T23:59:59Z"}, "sent_at_invalid"),
            ({"sample_rate": 0}, "envelope_invalid"),
            ({"sample_rate": 1.5}, "envelope_invalid"),
            ({"prompt_id": "7"}, "envelope_invalid"),
            ({"properties": []}, "envelope_invalid"),
            ({"colour": "red"}, "envelope_invalid"),
            ({"event_name": "prompt.viewed"}, "prompt_missing"),
            ({"event_name": "prompt.clicked", "prompt_id": str(uuid4())}, "properties_invalid"),
            ({"properties": {"a": "\x00"}}, "properties_invalid"),
            ({"properties": {"a": "\ud800"}}, "value_not_storable"),
            ({"properties": {"\udfff": 1}}, "value_not_storable"),
            ({"properties": {"a": 2**63}}, "value_not_storable"),
            ({"properties": {"a": "x" * 70_000}}, "event_too_large"),
        ],
    )
    def test_refuses_a_bad_event_with_its_reason(self, changes, reason):
        assert reasons(event(**changes)) == [reason]

    @pytest.mark.parametrize(
        ("occurred_at", "sent_at", "corrected", "offset"),
        [
            # An hour slow, then a day fast, then right but for the network.
            ("2026-02-28T22:50:00Z", "2026-02-28T23:00:00Z", "2026-02-28T23:50:00Z", 3_600_000),
            ("2026-03-01T23:50:00Z", "2026-03-02T00:00:00Z", "2026-02-28T23:50:00Z", -86_400_000),
            ("2026-02-28T23:50:00Z", "2026-02-28T23:59:58Z", "2026-02-28T23:50:00Z", None),
        ],
    )
    def test_corrects_a_wrong_clock(self, occurred_at, sent_at, corrected, offset):
        sent = event(occurred_at=occurred_at)
        [alone] = events(sent | {"sent_at": sent_at})
        [listed] = events({"events": [sent], "sent_at": sent_at})
        assert alone.occurred_at == listed.occurred_at == datetime.fromisoformat(corrected)
        assert alone.clock_offset_ms == listed.clock_offset_ms == offset

    def test_a_clock_that_went_on_while_it_was_sent_again_does_not_make_another_event(self):
        sent = [event(sent_at=moment) for moment in ("2026-02-28T20:00:00Z", "2026-02-28T21:00:07Z")]
        [first], [second] = (map(payload_hash, events(each)) for each in sent)
        assert first == second

    def test_keeps_version_and_sampling_and_says_itself_what_sent_it(self):
        sent = json.dumps(event(schema_version=3, sample_rate=0.25, agent="browser", clock_offset_ms=5)).encode()
        taken = read_batch(sent, user, received_at=NOW, max_events=1, agent="bot").events[0]
        assert (taken.schema_version, taken.sample_rate, taken.agent, taken.clock_offset_ms) == (3, 0.25, "bot", None)

    @pytest.mark.parametrize("envelope", [None, 1, "x", []])
    def test_refuses_what_is_no_object(self, envelope):
        assert reasons([envelope]) == ["envelope_invalid"]

    def test_refuses_an_infinite_number(self):
        body = json.dumps(event(properties={"a": 1})).replace('{"a": 1}', '{"a": 1e999}').encode()
        assert reasons(body) == ["value_not_storable"]

    def test_refuses_deep_nesting(self):
        deep: Any = 1
        for _ in range(60):
            deep = [deep]
        assert reasons(event(properties={"a": deep})) == ["value_not_storable"]

    def test_takes_the_others_of_a_batch(self):
        batch = read([event(), event(event_id="2", event_name="order.paid"), None, event(event_id="3")])
        assert sorted(batch.events) == [0, 3]
        assert [(refused.index, refused.reason) for refused in batch.refused] == [
            (1, "event_name_reserved"),
            (2, "envelope_invalid"),
        ]

    def test_keeps_what_was_sent(self):
        sent = event(event_name="order.paid", properties={"a": "\ud800é"}, x=1)
        kept = json.loads(read([sent]).refused[0].raw)
        assert {name: kept[name] for name in sent} == sent

    @pytest.mark.parametrize("source", [None, "api", "shop", f"client:{OTHER_ID}", 7])
    def test_keeps_it_as_its_senders_whoever_it_says_it_is(self, source):
        sent = event(event_name="order.paid", source=source, organization_id=str(uuid4()), user_id=str(uuid4()))
        kept = json.loads(read([sent]).refused[0].raw)
        assert (kept["organization_id"], kept["user_id"]) == (str(user.organization_id), str(user.user_id))
        assert f"{kept['source']}:".startswith(f"{OWN}:")

    @pytest.mark.parametrize("envelope", [None, 1, "\ud800", [1, {"a": 2}]])
    def test_keeps_what_is_no_object(self, envelope):
        assert json.loads(read([envelope]).refused[0].raw) == envelope

    @pytest.mark.parametrize(
        ("body", "reason"),
        [(b"", "Expecting value"), (b"{", "line 1, column 2"), (b"[1,]", "line 1"), (b'"\xff', "byte 2 is not UTF-8"),
         (b'{"a": NaN}', "NaN is no value"), (b"[" * 100_000, "nested too deep")],
    )  # fmt: skip
    def test_says_why_a_body_is_not_json(self, body, reason):
        with pytest.raises(BodyMalformed, match=reason):
            read(body)

    @pytest.mark.parametrize("digits", [20, 1000, 1001, 5000])
    def test_a_number_of_many_digits_costs_its_event_alone(self, digits):
        body = json.dumps([event(), event(event_id="2", properties={"a": 0})]).replace('"a": 0', f'"a": {"9" * digits}')
        batch = read(body.encode())
        assert list(batch.events) == [0]
        assert [(refused.index, refused.reason) for refused in batch.refused] == [(1, "value_not_storable")]

    @pytest.mark.parametrize("body", [b"1", b'"x"', b"null", b"true"])
    def test_refuses_a_body_that_is_neither_event_nor_list(self, body):
        with pytest.raises(EventBatchMalformed):
            read(body)

    def test_refuses_too_many(self):
        with pytest.raises(EventBatchTooLarge):
            read([event()] * 3, max_events=2)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=10,
        )
    )
    def test_accounts_for_every_event_whatever_is_sent(self, value):
        batch = read([event(properties=value), value, event(value=value)])
        assert sorted([*batch.events, *(refused.index for refused in batch.refused)]) == [0, 1, 2]
