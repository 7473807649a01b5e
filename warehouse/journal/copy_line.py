"""Events as lines of COPY's text form, which takes half of the processor that psycopg takes value by value."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from warehouse.intake import ReadyEvent

# The order of a line's fields.
COLUMNS = (
    "source", "event_id", "event_name", "schema_version", "occurred_at", "received_at", "organization_id", "user_id",
    "anonymous_id", "session_id", "request_id", "prompt_id", "properties",
    "sample_rate", "clock_offset_ms", "agent",
)  # fmt: skip
NULL = "\\N"
# Times of COPY's binary form are microseconds since then.
BINARY_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TIME_BYTES = 8


class Line(Struct, frozen=True, gc=False):
    """An event on its way into the database, as far as it is known before it is stored.

    `key` is its row of `event_ids` in COPY's binary form, which begins with the id; `text` are `COLUMNS`, without an
    end of line. The ids are those that what is noted about an event depends on.
    """

    key: bytes
    text: str
    prompt_id: bytes | None = None
    organization_id: bytes | None = None
    user_id: bytes | None = None


def copy_lines(events: Iterable[ReadyEvent]) -> Iterator[Line]:
    """The line of each event."""
    received_at, received, received_bytes = None, "", b""
    for event in events:
        if event.received_at != received_at:
            # Mostly one for all, and a time takes longer to write than all else.
            received_at = event.received_at
            received, received_bytes = received_at.isoformat(), pack_time(received_at)
        yield Line(
            pack_key(event.id, event.payload_hash, received_bytes), _text_of(event, received),
            event.prompt_id, event.organization_id, event.user_id,
        )  # fmt: skip


def pack_key(identifier: bytes, payload_hash: bytes, received: bytes) -> bytes:
    """A row of `event_ids`: each value behind its length."""
    return b"\0\0\0\x10%b\0\0\0\x10%b\0\0\0\x08%b" % (identifier, payload_hash, received)


def pack_time(moment: datetime) -> bytes:
    """A time for `pack_key`."""
    return ((moment - BINARY_EPOCH) // MICROSECOND).to_bytes(TIME_BYTES, "big", signed=True)


def received_at_of(key: bytes) -> datetime:
    """The time in a key."""
    return BINARY_EPOCH + int.from_bytes(key[-TIME_BYTES:], "big", signed=True) * MICROSECOND


def _text_of(event: ReadyEvent, received: str) -> str:
    return (
        f"{_text(event.source)}\t{_text(event.event_id)}\t"
        f"{_text(event.event_name)}\t{event.schema_version}\t{event.occurred_at.isoformat()}\t"
        f"{received}\t{_id(event.organization_id)}\t{_id(event.user_id)}\t"
        f"{_text(event.anonymous_id)}\t{_text(event.session_id)}\t{_text(event.request_id)}\t"
        f"{_id(event.prompt_id)}\t{_text(event.properties.decode())}\t{_plain(event.sample_rate)}\t"
        f"{_plain(event.clock_offset_ms)}\t{_plain(event.agent)}"
    )


def _id(value: bytes | None) -> str:
    return NULL if value is None else value.hex()


def _plain(value: object) -> object:
    """A value that holds nothing to escape."""
    return NULL if value is None else value


def _text(text: str | None) -> str:
    if text is None:
        return NULL
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
