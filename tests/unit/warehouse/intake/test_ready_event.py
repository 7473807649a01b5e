"""The form in which events are stored."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import orjson
import pytest

from warehouse.events import Event
from warehouse.intake import ReadyEvent, event_key, event_of, make_ready, payload_hash, ready
from warehouse.intake.ready_event import as_json, as_raw
from warehouse.journal.storing import COLUMNS

ORGANIZATION_ID = UUID("0192f0c4-7a3e-7c1b-9d52-3e6f8a1b2c4e")
FIELDS: dict[str, Any] = {
    "source": "client:shop",
    "event_id": "1",
    "event_name": "search.performed",
    "schema_version": 2,
    "occurred_at": datetime(2026, 1, 5, 14, 0, 0, 5, tzinfo=timezone(timedelta(hours=2))),
    "received_at": datetime(2026, 1, 5, 12, 0, 1, tzinfo=UTC),
    "anonymous_id": "é",
    "session_id": "s",
    "request_id": "r",
    "properties": {"query": "b", "a": {"z": 1, "b": [1.5, None]}},
    "sample_rate": 0.5,
    "clock_offset_ms": 1500,
    "agent": "bot",
}
IDS = {"organization_id": ORGANIZATION_ID, "user_id": ORGANIZATION_ID, "prompt_id": ORGANIZATION_ID}
NOTHING = {
    name: None for name in ("anonymous_id", "session_id", "request_id", "sample_rate", "clock_offset_ms", "agent")
}


@pytest.fixture(params=[FIELDS | IDS, FIELDS | NOTHING])
def event(request: pytest.FixtureRequest) -> Event:
    return Event.model_validate(request.param)


class TestReadyEvent:
    def test_has_the_columns_in_their_order(self):
        assert ReadyEvent.__struct_fields__ == ("id", "payload_hash", *COLUMNS)

    def test_is_what_it_was_after_the_journal(self, event):
        written = msgspec.msgpack.encode([ready(event)])
        assert msgspec.msgpack.decode(written, type=list[ReadyEvent]) == [ready(event)]


class TestReady:
    def test_is_known_by_what_the_event_is_known_by(self, event):
        row = ready(event)
        assert UUID(bytes=row.id) == event_key(event.source, event.event_id)
        assert UUID(bytes=row.payload_hash) == payload_hash(event)

    def test_times_are_in_utc(self, event):
        assert ready(event).occurred_at.isoformat() == "2026-01-05T12:00:00.000005+00:00"


class TestMakeReady:
    def test_makes_the_same_of_fields_as_ready_of_their_event(self, event):
        fields = {name: each.bytes if isinstance(each, UUID) else each for name, each in vars(event).items()}
        assert make_ready(**fields) == ready(event)

    # Stored for ever: whatever computes it, for this event it is this.
    def test_the_hash_of_an_event_never_changes(self):
        fields = FIELDS | {name: each.bytes for name, each in IDS.items()}
        assert make_ready(**fields).payload_hash.hex() == "2371111b8b7616403776387617603b0c"  # pragma: allowlist secret


class TestEventOf:
    def test_gives_the_event_back(self, event):
        assert event_of(ready(event)) == event

    def test_is_kept_as_what_was_refused_at_once_is(self, event):
        kept = as_json(ready(event.model_copy(update={"properties": {"query": "é"}})))
        assert kept == as_raw(json.loads(kept))
        assert b'"\\u00e9"' in kept

    def test_is_kept_as_json_without_the_time_it_was_received(self, event):
        assert orjson.loads(as_json(ready(event))).keys() == Event.model_fields.keys() - {"received_at"}
