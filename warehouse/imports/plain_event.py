"""Events of a columnar file whose values are plainly well-formed, at a fifth of the cost of a row looked at by itself.

What is read here is read as `EventImporter.parse` and the catalogue read it, to the bit. What is in any way odd is not
refused here, but left to them: they alone say what is refused, and why.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.events import EVENT_MAX_BYTES
from warehouse.imports.parquet_source import Chunk
from warehouse.imports.properties import DEEPEST_NESTING, are_sound
from warehouse.imports.record import Record
from warehouse.imports.value import EARLIEST, IDENTIFIER_MAX_LENGTH
from warehouse.intake import ReadyEvent, make_ready

DEFAULT_SOURCE = "import"
NEEDED = ("event_id", "event_name")
TEXTS = (
    *NEEDED, "source", "anonymous_id", "session_id", "request_id", "prompt_external_id", "user_external_id",
)  # fmt: skip
# Printable ASCII that does not begin or end with a blank.
PLAIN_TEXT = "^[!-~]([ -~]*[!-~])?$"
# Written by us, no text of JSON becomes longer than six times what it was.
PROPERTIES_MAX_CHARACTERS = EVENT_MAX_BYTES // 6


class PlainEvent:
    """A row of a chunk. `event` is there when it names nobody who has to be looked up."""

    __slots__ = ("_chunk", "_index", "envelope", "event", "prompt_external_id", "user_external_id")

    key = None
    is_sound = True

    def __init__(
        self, chunk: Chunk, index: int, envelope: dict[str, Any], prompt: str | None, user: str | None
    ) -> None:
        self._chunk = chunk
        self._index = index
        self.envelope = envelope
        self.prompt_external_id = prompt
        self.user_external_id = user
        self.event: ReadyEvent | None = None

    @property
    def record(self) -> Record:
        """The row as it was read."""
        return self._chunk.record(self._index)

    @property
    def size(self) -> int:
        """About the memory it takes, in bytes."""
        return self._chunk.row_bytes

    def prompts(self) -> Iterator[str]:
        """The prompt it names."""
        if self.prompt_external_id is not None:
            yield self.prompt_external_id


def plain_events(chunk: Chunk) -> Iterator[PlainEvent | None]:
    """For each row of a chunk its event, or None when it has to be looked at by itself."""
    received_at = datetime.now(UTC)
    plain = _plain_rows(chunk, received_at)
    if plain is None:
        yield from repeat(None, chunk.row_count)
        return
    columns = [chunk.values.get(name) or repeat(None) for name in (*TEXTS, "occurred_at", "position", "properties")]
    for index, (is_plain, event_id, event_name, source, anonymous, session, request, prompt, user, occurred_at,
                position, written) in enumerate(zip(plain, *columns, strict=False)):  # fmt: skip
        properties = _properties(written) if is_plain else None
        if properties is None:
            yield None
            continue
        if position is not None:
            properties.setdefault("position", position)
        if not are_sound(event_name, properties, names_prompt=prompt is not None):
            yield None
            continue
        envelope = {
            "event_id": event_id, "source": source or DEFAULT_SOURCE, "event_name": event_name,
            "occurred_at": occurred_at, "anonymous_id": anonymous, "session_id": session, "request_id": request,
            "properties": properties,
        }  # fmt: skip
        row = PlainEvent(chunk, index, envelope, prompt, user)
        if prompt is None and user is None:
            row.event = make_ready(**envelope, received_at=received_at)
        yield row


def _properties(written: str | None) -> dict[str, Any] | None:
    """The properties, when they are an object, neither large nor deep, without a NUL and without a list of items."""
    if not written:
        return {}
    if (
        len(written) > PROPERTIES_MAX_CHARACTERS
        or written.count("{") + written.count("[") > DEEPEST_NESTING
        or "\\u0000" in written
    ):
        return None
    try:
        properties = orjson.loads(written)
    except orjson.JSONDecodeError:
        return None
    return properties if isinstance(properties, dict) and "items" not in properties else None


def _plain_rows(chunk: Chunk, received_at: datetime) -> list[bool] | None:
    """For each row, whether all but its properties is plain; None when no row can be, because of how they are kept."""
    types = {name: chunk.columns[name].type for name in chunk.columns}
    occurred = types.get("occurred_at")
    if (
        occurred is None
        or not pa.types.is_timestamp(occurred)
        or occurred.tz is None
        or not all(pa.types.is_string(types[name]) for name in (*TEXTS, "properties") if name in types)
        or not all(name in types for name in NEEDED)
        or not pa.types.is_integer(types.get("position", pa.int64()))
    ):
        return None
    moments = chunk.columns["occurred_at"]
    plain = pc.and_(
        pc.greater_equal(moments, pa.scalar(EARLIEST, occurred)),
        pc.less_equal(moments, pa.scalar(received_at, occurred)),
    )
    for name in TEXTS:
        if name in types:
            plain = pc.and_(plain, _is_plain_text(chunk.columns[name], is_needed=name in NEEDED))
    if "position" in types:
        positions = chunk.columns["position"].cast(pa.int64(), safe=False)
        is_place = pc.and_(pc.greater_equal(positions, 1), pc.less(positions, 2**31))
        plain = pc.and_(plain, pc.fill_null(is_place, True))
    found: list[bool] = pc.fill_null(plain, False).to_pylist()
    return found


def _is_plain_text(column: pa.Array, *, is_needed: bool) -> pa.Array:
    matches = pc.and_(
        pc.less_equal(pc.binary_length(column), IDENTIFIER_MAX_LENGTH), pc.match_substring_regex(column, PLAIN_TEXT)
    )
    return pc.fill_null(matches, not is_needed)
