"""The quick way and the slow one say the same of whatever is sent."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.analytics.batch import Batch, Refused, begin_batch, read_batch
from api.analytics.body import read_body, split_body
from api.analytics.envelope import read_envelope, seal, source_of
from api.analytics.errors import EventBatchMalformed
from api.auth.identity import session_identity
from api.errors import BodyMalformed
from warehouse.events import EventInvalid
from warehouse.intake import LiveEventReader, as_raw, is_odd, ready
from warehouse.journal.stream import decode_sent, encode

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OWN_ID, OTHER_ID = (UUID(f"0192f0c4-7a3e-7c1b-9d52-3e6f8a1b2c4{digit}") for digit in "de")
USER = session_identity(user_id=OWN_ID, organization_id=OWN_ID, email="a@acme.example", role="buyer", session_id=OWN_ID)

TIMES = [
    f'"{each}"'
    for each in (
        "2026-02-28T12:00:00Z", "2026-02-28T12:00:00.123456Z", "2026-02-28T12:00:00.1234567Z",
        "2026-02-28T12:00:00.9999999Z", "2026-02-28t12:00:00z", "2026-02-28 12:00:00+05:30", "2026-02-28T12:00:00-0800",
        "2026-02-28T12:00:00", "2026-02-28T12:00Z", "2026-02-28T12:00:00,5Z", "2026-02-28T23:59:60Z", "2026-02-28",
        "2026-02-28T24:00:00Z", "2026-02-30T00:00:00Z", "2026-01-30T00:00:00Z", "2026-01-29T23:59:59.999999Z",
        "2026-03-01T01:00:00Z", "2026-03-01T01:00:00.000001Z", "2026-02-28T23:59:56Z", "2026-02-28T23:59:55Z",
        "1999-12-31T23:59:59Z", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "1772280000", "",
        "2026-02-28T12:00:00.123456789012345678901234567890Z", "2026-02-28T12:00:00\\u002e1234567Z",
        "2026-02-28T12:00:00.123456\\u0037Z", "\\u0032026-02-28T12:00:00Z", "2026-02-28T12:00:00+00:00\\u0000",
        "2026-02-28T12:00\\u003a00.1234567Z",
    )
]  # fmt: skip
TEXTS = [
    '""', '"a"', '"é"', '"\\u00e9\\ud83d\\ude00"', '"\\ud800"', '"\\u0000"', '"a\\\\u0000"', '"\\u005cu0000"',
    '"\\u0041"', '"\\u007f\\u001f\\t"', f'"{"x" * 255}"', f'"{"é" * 256}"', '"\t"', '"\\x"', '" a "', "null", "true",
    "7", "[]", "{}",
]  # fmt: skip
NUMBERS = [
    "0", "1", "-0", "-1", "1.0", "1.5", "1e2", "true", '"1"', "null", "32767", "32768", "2147483648", "0.5", "1e-400",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e400", "-1e999", "NaN", "Infinity", "01",
    "0.1000000000000000055511151231257827", "1E+2", "1" * 30, "123456789.12345678901234567890", "-0.0", "5e-324",
]  # fmt: skip
VALUES = [
    *TEXTS, *NUMBERS, "[1,[2,[3,[4,[5,[6]]]]]]", "[" * 60 + "]" * 60, '{"a":{"b":{"c":[1,"x",null]}}}',
    '{"a":1,"a":"b"}', '{"":[]}', '"' + "x" * 12_000 + '"', '"' + "é" * 12_000 + '"', "[1,]", '"20:00:00.1234567"',
]  # fmt: skip
NAMES = [
    '"page.opened"', '"page.opened"', '"search.performed"', '"prompt.clicked"', '"category.browsed"', '"order.paid"',
    '"order.made_up"', '"results.served"', '"api.requested"', '"Order.Paid "', '"Bad"', '"page.opened\\n"', '"a..b"',
    '"review.submitted"', '"prompt.viewed"', '"checkout.started"', '"p\\u0061ge.opened"',
]  # fmt: skip
SOURCES = [f'"client:{OWN_ID}{rest}"' for rest in ("", ":shop", "0", ":" + "x" * 230)] + [
    "null", '"shop"', '"api"', '"worker"', '"client:"', f'"client:{OTHER_ID}"', '""', "7", f'"{"s" * 210}"', '"é"',
]  # fmt: skip
UUIDS = [f'"{each}"' for each in (OWN_ID, OWN_ID.hex, f"{{{OWN_ID}}}", f"urn:uuid:{OWN_ID}", str(OWN_ID).upper(), "7")]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
written = st.builds(lambda value, is_ascii: json.dumps(value, ensure_ascii=is_ascii), anything, st.booleans())
value = st.sampled_from(VALUES) | written
pair = st.tuples(
    st.sampled_from(["position", "receipt_id", "query", "result_count", "filters", "category", "rating", "order_id",
                     "dwell_ms", "items", "é", "a\\u0000", "\\ud800"]),
    value | st.sampled_from(['"r"', "3", "{}"]),
)  # fmt: skip


def as_object(pairs: list[tuple[str, str]]) -> str:
    """Pairs of raw JSON as an object, in their order and with their repetitions."""
    return "{" + ",".join(f'"{name}":{each}' for name, each in pairs) + "}"


FIELDS: dict[str, st.SearchStrategy[str]] = {
    "event_id": st.sampled_from(TEXTS) | st.just('"1"'),
    "event_name": st.sampled_from(NAMES),
    "occurred_at": st.sampled_from(TIMES) | st.sampled_from(NUMBERS),
    "sent_at": st.sampled_from(TIMES) | st.sampled_from(NUMBERS),
    "source": st.sampled_from(SOURCES),
    "schema_version": st.sampled_from(NUMBERS),
    "sample_rate": st.sampled_from(NUMBERS),
    "anonymous_id": st.sampled_from(TEXTS),
    "session_id": st.sampled_from(TEXTS),
    "request_id": st.sampled_from(TEXTS),
    "prompt_id": st.sampled_from([*UUIDS, "null", "7"]),
    "properties": st.lists(pair, max_size=4).map(as_object) | value,
    "received_at": st.sampled_from(TIMES),
    "organization_id": st.sampled_from(UUIDS),
    "agent": st.sampled_from(TEXTS),
    "clock_offset_ms": st.sampled_from(NUMBERS),
    "further": value,
}
field = st.sampled_from(sorted(FIELDS)).flatmap(lambda name: st.tuples(st.just(name), FIELDS[name]))
PLAIN = [
    ("event_id", '"1"'), ("event_name", '"page.opened"'), ("occurred_at", '"2026-02-28T12:00:00Z"'),
    ("properties", '{"position":3,"receipt_id":"r","query":"é","result_count":2,"category":"c","rating":5}'),
]  # fmt: skip
# Mostly right, with a few fields said again or added.
envelope = st.lists(field, max_size=3).map(lambda more: as_object([*PLAIN, *more])) | st.lists(field).map(as_object)
element = envelope | value


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A body as somebody might send it."""
    listed = "[" + ",".join(draw(st.lists(element, max_size=4))) + "]"
    sent_at = draw(st.sampled_from(TIMES) | st.sampled_from(["null", "7", "{}"]))
    forms = [listed, f'{{"events":{listed},"sent_at":{sent_at}}}', f'{{"events":{listed}}}', draw(element)]
    body = draw(st.sampled_from(forms))
    return body.encode("utf-8", "surrogatepass")


def slowly(body: bytes) -> Batch | str:
    """What pydantic makes of a body, event by event."""
    batch = Batch({}, [])
    try:
        envelopes = read_body(body)
    except (BodyMalformed, EventBatchMalformed) as refusal:
        return str(refusal)
    for index, sent in enumerate(envelopes):
        try:
            event = read_envelope(sent, USER, received_at=NOW)
            batch.events[index] = ready(event.model_copy(update={"agent": "program"}))
        except EventInvalid as error:
            batch.refused.append(Refused(index, as_raw(seal(sent, USER)), error.reason, str(error)))
    return batch


def quickly(body: bytes) -> Batch | str:
    """What the API makes of a body."""
    try:
        return read_batch(body, USER, received_at=NOW, max_events=100, agent="program")
    except (BodyMalformed, EventBatchMalformed) as refusal:
        return str(refusal)


def through_the_journal(body: bytes) -> Batch | str:
    """What is stored of a body in the end: what is plain was only looked at, and stood in the journal as sent."""
    batch = begin_batch(body, USER, received_at=NOW, max_events=100, agent="program").batch
    if batch is None or not batch.events:
        return quickly(body)
    _, content = encode(list(batch.events.values()))
    return Batch(dict(zip(batch.events, decode_sent(content), strict=True)), [])


def is_read_quickly(content: str) -> bool:
    """Whether the quick reader takes an event."""
    reader = LiveEventReader(
        received_at=NOW,
        organization_id=OWN_ID.bytes,
        user_id=OWN_ID.bytes,
        source_of=lambda named: source_of(named, USER),
    )
    return not is_odd(content.encode()) and reader.read(content.encode()) is not None


class TestReadBatch:
    @given(bodies())
    @settings(max_examples=400)
    def test_says_of_any_body_what_the_slow_way_says(self, body):
        assert quickly(body) == slowly(body)
        assert through_the_journal(body) == slowly(body)

    @pytest.mark.parametrize(("name", "raw"), [
        *(("occurred_at", each) for each in TIMES), *(("sent_at", each) for each in TIMES),
        *(("event_id", each) for each in TEXTS), *(("session_id", each) for each in TEXTS),
        *(("schema_version", each) for each in NUMBERS), *(("sample_rate", each) for each in NUMBERS),
        *(("event_name", each) for each in NAMES), *(("source", each) for each in SOURCES),
        *(("prompt_id", each) for each in UUIDS), *(("properties", f'{{"a":{each}}}') for each in VALUES),
    ])  # fmt: skip
    def test_says_of_any_field_what_the_slow_way_says(self, name, raw):
        body = f"[{as_object([*PLAIN, (name, raw)])}]".encode("utf-8", "surrogatepass")
        assert quickly(body) == slowly(body)
        assert through_the_journal(body) == slowly(body)

    @pytest.mark.parametrize("name", ["page.opened", "search.performed", "category.browsed"])
    def test_what_most_send_is_read_quickly(self, name):
        sent = [*PLAIN, ("event_name", f'"{name}"'), ("session_id", '"s"'), ("source", '"shop"'), ("sent_at", TIMES[0])]
        assert is_read_quickly(as_object(sent))

    @pytest.mark.parametrize("body", [as_object(PLAIN), f" {as_object(PLAIN)}\n", f"[{as_object(PLAIN)}]"])
    def test_one_event_is_read_quickly_bare_or_in_a_list(self, body):
        begun = begin_batch(body.encode(), USER, received_at=NOW, max_events=100)
        assert begun.batch is not None and len(begun.batch.events) == 1

    @pytest.mark.parametrize("body", [
        b'{"events":[{}],"x":1}', b'{"event_id":"1"}x', b'{"events":[],"event_id":"1"}',
        b"\xef\xbb\xbf[]", "[]".encode("utf-16"), b'["\xff"]', b'{"events":[],"x":"\xff"}', b"[]x", b'["\xed\xa0\x80"]',
        b'{"events":7}', b'{"events":[],"event_name":"a.b"}', b'{"events":[1],"events":[]}',
    ])  # fmt: skip
    def test_says_of_an_odd_body_what_the_slow_way_says(self, body):
        assert quickly(body) == slowly(body)


class TestSplitBody:
    @pytest.mark.parametrize("body", [b"7", b"[", b"", b'"a"', b"[" * 100_000])
    def test_leaves_what_is_neither_list_nor_object_to_the_slow_way(self, body):
        assert split_body(body) is None

    def test_takes_a_list_apart(self):
        assert split_body(b' [ {"a": 1} ,2]') == ([b'{"a": 1}', b"2"], None, False)

    @pytest.mark.parametrize("body", [b"{}", b' {"event_id":"1"}', b'{"events":7}'])
    def test_takes_another_object_as_what_may_be_one_event(self, body):
        assert split_body(body) == ([body], None, True)

    def test_takes_the_time_beside_it(self):
        assert split_body(b'{"sent_at":null,"events":[]}') == ([], b"null", False)
