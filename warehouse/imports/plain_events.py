"""Events of a columnar file that are plainly well-formed, at a tenth of the cost of rows looked at one by one.

They become the very lines that `EventImporter.parse`, the catalogue and `copy_lines` make of them. What is in any way
odd is not refused here but left to them: they alone say what is refused, and why.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.events import EVENT_MAX_BYTES
from warehouse.imports.event_row import EventRow
from warehouse.imports.event_storage import Prompts, Users
from warehouse.imports.parquet_source import Chunk
from warehouse.imports.properties import DEEPEST_NESTING, are_sound
from warehouse.imports.record import Record
from warehouse.imports.value import DEFAULT_SOURCE, EARLIEST, IDENTIFIER_MAX_LENGTH
from warehouse.journal.copy_line import NULL

NEEDED = ("event_id", "event_name")
TEXTS = (
    *NEEDED, "source", "anonymous_id", "session_id", "request_id", "prompt_external_id", "user_external_id",
)  # fmt: skip
# Printable ASCII that neither begins nor ends with a blank and means the same in JSON and in COPY.
PLAIN_TEXT = r"^[!#-\[\]-~]([ !#-\[\]-~]*[!#-\[\]-~])?$"
# Written by us, no text of JSON becomes longer than six times what it was.
PROPERTIES_MAX_CHARACTERS = EVENT_MAX_BYTES // 6
ZONE = "+00:00"


class PlainEvent(NamedTuple):
    """The fields of one event as text, but for the ids of its prompt and user.

    `place` is its place in the chunk; `properties` are JSON with sorted keys.
    """

    place: int
    event_id: str
    event_name: str
    source: str
    anonymous_id: str | None
    session_id: str | None
    request_id: str | None
    prompt_external_id: str | None
    user_external_id: str | None
    occurred_at: str
    properties: str


class PlainEvents:
    """Rows of a chunk that stand together. `parse` is for when one of them has to be looked at by itself."""

    key = None

    def __init__(
        self, chunk: Chunk, events: Sequence[PlainEvent], received_at: str, parse: Callable[[Record], EventRow]
    ) -> None:
        self._chunk = chunk
        self._events = events
        self._received_at = received_at
        self._parse = parse
        self.prompts = {name for event in events if (name := event.prompt_external_id) is not None}
        self.users = {name for event in events if (name := event.user_external_id) is not None}
        # Those that name nobody are ready before it is their turn to be stored.
        self._lines = None if self.prompts or self.users else self._made({}, {})

    @property
    def row_count(self) -> int:
        """How many they are."""
        return len(self._events)

    @property
    def size(self) -> int:
        """About the memory they take, in bytes."""
        return self._chunk.row_bytes * len(self._events)

    @property
    def record(self) -> Record:
        """The first of them."""
        return self.record_of(0)

    def record_of(self, place: int) -> Record:
        """One of them as it was read."""
        return self._chunk.record(self._events[place].place)

    def parts(self) -> list[EventRow]:
        """The same rows, each looked at by itself."""
        return [self.part(place) for place in range(len(self._events))]

    def part(self, place: int) -> EventRow:
        """One of them, looked at by itself."""
        return self._parse(self.record_of(place))

    def lines(self, prompts: Prompts, users: Users) -> list[str]:
        """The lines of `copy_lines`, with the ids of all that they name."""
        return self._made(prompts, users) if self._lines is None else self._lines

    def _made(self, prompts: Prompts, users: Users) -> list[str]:
        prompt_ids = {name: str(prompts[name]) for name in self.prompts}
        user_ids = {name: (str(users[name]["user_id"]), str(users[name]["organization_id"])) for name in self.users}
        nobody = (None, None)
        return [
            _line(event, self._received_at, prompt_ids.get(event.prompt_external_id or ""),
                  *user_ids.get(event.user_external_id or "", nobody))
            for event in self._events
        ]  # fmt: skip


def _line(
    event: PlainEvent, received_at: str, prompt_id: str | None, user_id: str | None, organization_id: str | None
) -> str:
    _, event_id, event_name, source, anonymous, session, request, _, _, occurred_at, properties = event
    key = hashlib.sha256(f"{source}\x1f{event_id}".encode()).hexdigest()[:32]
    # The payload as `hash_payload` writes it: keys in their order, and none without a value.
    payload = (
        f'{{{_member("anonymous_id", anonymous)}"event_name":"{event_name}","occurred_at":"{occurred_at}",'
        f'{_member("organization_id", organization_id)}{_member("prompt_id", prompt_id)}"properties":{properties},'
        f'{_member("request_id", request)}"schema_version":1{_last("session_id", session)}{_last("user_id", user_id)}}}'
    )
    said = hashlib.sha256(payload.encode()).hexdigest()[:32]
    return (
        f"{key}\t{said}\t{source}\t{event_id}\t{event_name}\t1\t{occurred_at}\t{received_at}\t"
        f"{organization_id or NULL}\t{user_id or NULL}\t{anonymous or NULL}\t{session or NULL}\t{request or NULL}\t"
        f"{prompt_id or NULL}\t{properties.replace(chr(92), chr(92) * 2)}\t{NULL}\t{NULL}\t{NULL}"
    )


def _member(name: str, text: str | None) -> str:
    return "" if text is None else f'"{name}":"{text}",'


def _last(name: str, text: str | None) -> str:
    return "" if text is None else f',"{name}":"{text}"'


def read_plain(chunk: Chunk, parse: Callable[[Record], EventRow]) -> Iterator[PlainEvents | Record]:
    """The rows of a chunk in their order: those that are plain together, and each other as it was read."""
    received_at = datetime.now(UTC)
    together: list[PlainEvent] = []
    for index, event in enumerate(_events(chunk, received_at)):
        if event is not None:
            together.append(event)
            continue
        if together:
            yield PlainEvents(chunk, together, received_at.isoformat(), parse)
            together = []
        yield chunk.record(index)
    if together:
        yield PlainEvents(chunk, together, received_at.isoformat(), parse)


def _events(chunk: Chunk, received_at: datetime) -> Iterator[PlainEvent | None]:
    moments = _moments(chunk)
    plain = None if moments is None else _plain_rows(chunk, moments, received_at)
    if plain is None:
        yield from repeat(None, chunk.row_count)
        return
    texts = [chunk.values.get(name) or repeat(None) for name in (*TEXTS, "position", "properties")]
    for place, (is_plain, occurred_at, event_id, event_name, source, anonymous, session, request, prompt, user,
                position, written) in enumerate(zip(plain, _as_text(moments), *texts, strict=False)):  # fmt: skip
        properties = _properties(written) if is_plain else None
        if properties is None:
            yield None
            continue
        if position is not None:
            properties.setdefault("position", position)
        if not are_sound(event_name, properties, names_prompt=prompt is not None):
            yield None
            continue
        yield PlainEvent(
            place, event_id, event_name, source or DEFAULT_SOURCE, anonymous, session, request, prompt, user,
            occurred_at, orjson.dumps(properties, option=orjson.OPT_SORT_KEYS).decode(),
        )  # fmt: skip


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


def _moments(chunk: Chunk) -> pa.Array | None:
    """When the rows occurred, in UTC; None where the file does not keep that as moments, or such as nobody can mean."""
    column = chunk.columns.get("occurred_at")
    if column is None or not pa.types.is_timestamp(column.type) or column.type.tz is None:
        return None
    try:
        # Python's times know no nanoseconds.
        return column.cast(pa.timestamp("us", "UTC"), safe=column.type.unit != "ns")
    except pa.ArrowInvalid:
        return None


def _plain_rows(chunk: Chunk, moments: pa.Array, received_at: datetime) -> list[bool] | None:
    """For each row, whether all but its properties is plain; None when no row can be, because of how they are kept."""
    types = {name: column.type for name, column in chunk.columns.items()}
    if (
        not all(name in types for name in NEEDED)
        or not all(pa.types.is_string(types[name]) for name in (*TEXTS, "properties") if name in types)
        or not pa.types.is_integer(types.get("position", pa.int64()))
    ):
        return None
    plain = pc.and_(pc.greater_equal(moments, EARLIEST), pc.less_equal(moments, received_at))
    for name in TEXTS:
        if name in types:
            plain = pc.and_(plain, _is_plain_text(chunk.columns[name], is_needed=name in NEEDED))
    if "position" in types:
        positions = chunk.columns["position"]
        is_place = pc.and_(pc.greater_equal(positions, 1), pc.less(positions, 2**31))
        plain = pc.and_(plain, pc.fill_null(is_place, True))
    found: list[bool] = pc.fill_null(plain, False).to_pylist()
    return found


def _is_plain_text(column: pa.Array, *, is_needed: bool) -> pa.Array:
    is_short = pc.less_equal(pc.binary_length(column), IDENTIFIER_MAX_LENGTH)
    return pc.fill_null(pc.and_(is_short, pc.match_substring_regex(column, PLAIN_TEXT)), not is_needed)


def _as_text(moments: pa.Array) -> list[str | None]:
    """Moments as `datetime.isoformat` writes them."""
    texts = pc.replace_substring_regex(moments.cast(pa.timestamp("us")).cast(pa.string()), r"\.000000$", "")
    found: list[str | None] = pc.binary_join_element_wise(pc.replace_substring(texts, " ", "T"), ZONE, "").to_pylist()
    return found
