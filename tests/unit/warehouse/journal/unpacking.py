"""Reads what COPY's binary form says, as Postgres does."""

from datetime import timedelta
from uuid import UUID

import orjson

from warehouse.journal.packed import BINARY_EPOCH, COLUMNS

MICROSECOND = timedelta(microseconds=1)
NOTHING = 0xFFFFFFFF


def number(value):
    return int.from_bytes(value, "big", signed=True)


def moment(value):
    return BINARY_EPOCH + number(value) * MICROSECOND


def identifier(value):
    return UUID(bytes=value)


def document(value):
    assert value[:1] == b"\1"
    return orjson.loads(value[1:])


KINDS = {
    "schema_version": number, "occurred_at": moment, "received_at": moment, "organization_id": identifier,
    "user_id": identifier, "prompt_id": identifier, "properties": document, "sample_rate": bytes,
    "clock_offset_ms": number,
}  # fmt: skip


def fields_of(row):
    """The bytes of each field of a row, which begins with how many there are."""
    count, at, found = number(row[:2]), 2, []
    while at < len(row):
        size = int.from_bytes(row[at : at + 4], "big")
        at += 4
        found.append(None if size == NOTHING else row[at : at + size])
        at += 0 if size == NOTHING else size
    assert at == len(row)
    return count, found


def unpacked(packed):
    """Each event as the values of its columns, with its row of `event_ids` and the ids beside it."""
    events = []
    for place, row in enumerate(packed.rows.to_pylist()):
        _, values = fields_of(row)
        event = {
            name: None if value is None else KINDS.get(name, bytes.decode)(value)
            for name, value in zip(COLUMNS, values, strict=True)
        }
        event["key"] = fields_of(packed.keys[place].tobytes())[1]
        event["ids"] = {name: None if ids is None else ids[place] for name, ids in packed.ids.items()}
        events.append(event)
    return events
