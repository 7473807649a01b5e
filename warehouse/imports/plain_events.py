"""Events of a columnar file that are plainly well-formed, at a tenth of the cost of rows looked at one by one.

They become the very lines that `EventImporter.parse`, the catalogue and `copy_lines` make of them. What is in any way
odd is not refused here but left to them: they alone say what is refused, and why.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import NamedTuple
from uuid import UUID

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
from warehouse.intake.fingerprint import ID_SEPARATOR, NOT_PAYLOAD, digests
from warehouse.journal.copy_line import COLUMNS, NULL, Line, pack_key, pack_time

NEEDED = ("event_id", "event_name")
EVENT_TEXTS = (*NEEDED, "source", "anonymous_id", "session_id", "request_id")
TEXTS = (*EVENT_TEXTS, "prompt_external_id", "user_external_id")
READ_BY_ROW = ("event_name", "prompt_external_id", "position", "properties")
# Printable ASCII that neither begins nor ends with a blank and means the same in JSON and in COPY.
PLAIN_TEXT = r"^[!#-\[\]-~]([ !#-\[\]-~]*[!#-\[\]-~])?$"
# Written by us, no text of JSON becomes longer than six times what it was.
PROPERTIES_MAX_CHARACTERS = EVENT_MAX_BYTES // 6
ZONE = "+00:00"
WHOLE_SECOND = ".000000"
BACKSLASH, ESCAPED_BACKSLASH = "\\", "\\\\"


class PlainEvents:
    """Rows of a chunk that stand together. `parse` is for when one of them has to be looked at by itself.

    `first` is the place of the first in the chunk, `moments` when all of the chunk occurred, as text; `properties` are
    those of these rows as JSON with sorted keys.
    """

    key = None

    def __init__(
        self,
        chunk: Chunk,
        first: int,
        properties: Sequence[str],
        *,
        moments: pa.Array,
        received_at: datetime,
        parse: Callable[[Record], EventRow],
    ) -> None:
        self._chunk = chunk
        self._first = first
        self._properties = properties
        self._moments = moments.slice(first, len(properties))
        self._received_at = received_at
        self._parse = parse
        self.prompts = self._names("prompt_external_id")
        self.users = self._names("user_external_id")
        # Those that name nobody are ready before it is their turn to be stored.
        self._lines = None if self.prompts or self.users else self._made({}, {})

    @property
    def row_count(self) -> int:
        """How many they are."""
        return len(self._properties)

    @property
    def size(self) -> int:
        """About the memory they take, in bytes."""
        return self._chunk.row_bytes * self.row_count

    @property
    def record(self) -> Record:
        """The first of them."""
        return self.record_of(0)

    def record_of(self, place: int) -> Record:
        """One of them as it was read."""
        return self._chunk.record(self._first + place)

    def parts(self) -> list[EventRow]:
        """The same rows, each looked at by itself."""
        return [self.part(place) for place in range(self.row_count)]

    def part(self, place: int) -> EventRow:
        """One of them, looked at by itself."""
        return self._parse(self.record_of(place))

    def lines(self, prompts: Prompts, users: Users) -> list[Line]:
        """The lines of `copy_lines`, with the ids of all that they name."""
        return self._made(prompts, users) if self._lines is None else self._lines

    def _made(self, prompts: Prompts, users: Users) -> list[Line]:
        prompt = self._ids("prompt_external_id", {name: prompts[name] for name in self.prompts})
        user = self._ids("user_external_id", {name: users[name]["user_id"] for name in self.users})
        organization = self._ids("user_external_id", {name: users[name]["organization_id"] for name in self.users})
        fields = {name: self._column(name) for name in EVENT_TEXTS} | {
            "schema_version": "1",
            "occurred_at": self._moments,
            "organization_id": organization.texts,
            "user_id": user.texts,
            "prompt_id": prompt.texts,
            "properties": pa.array(self._properties, pa.string()),
        }
        source = fields["source"]
        fields["source"] = DEFAULT_SOURCE if source is None else pc.fill_null(source, DEFAULT_SOURCE)
        keys = pc.binary_join_element_wise(fields["source"], fields["event_id"], ID_SEPARATOR)
        known_by = map(
            pack_key, digests(_bytes(keys)), digests(_payloads(fields)), repeat(pack_time(self._received_at))
        )
        return list(map(Line, known_by, self._texts(fields), prompt.raw, organization.raw, user.raw))

    def _texts(self, fields: Mapping[str, pa.Array | str | None]) -> list[str]:
        escaped = pa.array([each.replace(BACKSLASH, ESCAPED_BACKSLASH) for each in self._properties], pa.string())
        columns = {**fields, "properties": escaped, "received_at": self._received_at.isoformat()}
        found = (columns.get(name) for name in COLUMNS)
        values = [NULL if column is None else column for column in found]
        texts: list[str] = pc.binary_join_element_wise(
            *values, "\t", null_handling="replace", null_replacement=NULL
        ).to_pylist()
        return texts

    def _column(self, name: str) -> pa.Array | None:
        """What these rows say in a column; None when they say nothing."""
        column = self._chunk.columns.get(name)
        if column is None:
            return None
        part = column.slice(self._first, self.row_count)
        return None if part.null_count == self.row_count else part

    def _names(self, name: str) -> set[str]:
        column = self._column(name)
        return set() if column is None else set(column.drop_null().unique().to_pylist())

    def _ids(self, name: str, found: Mapping[str, UUID]) -> "_Ids":
        """The ids that the names in a column stand for."""
        column = self._column(name)
        if column is None:
            return _Ids(repeat(None), None)
        names = column.to_pylist()
        raw = {each: identifier.bytes for each, identifier in found.items()}
        texts = {each: str(identifier) for each, identifier in found.items()}
        return _Ids(list(map(raw.get, names)), pa.array(map(texts.get, names), pa.string()))


class _Ids(NamedTuple):
    """An id for each row: as Postgres holds it, and as text."""

    raw: Iterable[bytes | None]
    texts: pa.Array | None


def _payloads(fields: Mapping[str, pa.Array | str | None]) -> list[bytes]:
    """What is hashed of each event, as `hash_payload` writes it: keys in their order, and none without a value."""
    members = []
    for name in sorted(fields.keys() - NOT_PAYLOAD):
        if (value := fields[name]) is not None:
            quote = "" if name in ("properties", "schema_version") else '"'
            members.append(pc.binary_join_element_wise(f'"{name}":{quote}', value, quote, ""))
    joined = pc.binary_join_element_wise(*members, ",", null_handling="skip")
    return _bytes(pc.binary_join_element_wise("{", joined, "}", ""))


def _bytes(texts: pa.Array) -> list[bytes]:
    found: list[bytes] = texts.cast(pa.binary()).to_pylist()
    return found


def read_plain(chunk: Chunk, parse: Callable[[Record], EventRow]) -> Iterator[PlainEvents | Record]:
    """The rows of a chunk in their order: those that are plain together, and each other as it was read."""
    received_at = datetime.now(UTC)
    moments = _moments(chunk)
    plain = None if moments is None else _plain_rows(chunk, moments, received_at)
    if moments is None or plain is None:
        yield from map(chunk.record, range(chunk.row_count))
        return
    texts = _as_text(moments)
    columns = (chunk.values_of(name) or repeat(None) for name in READ_BY_ROW)
    together: list[str] = []
    for index, properties in enumerate(chain(map(_properties, plain, *columns), [None])):
        if properties is not None:
            together.append(properties)
            continue
        if together:
            first = index - len(together)
            yield PlainEvents(chunk, first, together, moments=texts, received_at=received_at, parse=parse)
            together = []
        if index < chunk.row_count:
            yield chunk.record(index)


def _properties(
    is_plain: bool, event_name: str, prompt: str | None, position: int | None, written: str | None
) -> str | None:
    """The properties of a row as JSON with sorted keys; None when they have to be looked at slowly.

    Plain are those that are an object, neither large nor deep, without a NUL and without a list of items.
    """
    if not is_plain:
        return None
    properties = {}
    if written:
        if (
            len(written) > PROPERTIES_MAX_CHARACTERS
            or written.count("{") + written.count("[") > DEEPEST_NESTING
            # Looked for in two steps: a single character is found ten times as fast.
            or (BACKSLASH in written and "\\u0000" in written)
        ):
            return None
        try:
            properties = orjson.loads(written)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(properties, dict) or "items" in properties:
            return None
    if position is not None:
        properties.setdefault("position", position)
    if not are_sound(event_name, properties, names_prompt=prompt is not None):
        return None
    return orjson.dumps(properties, option=orjson.OPT_SORT_KEYS).decode()


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


def _as_text(moments: pa.Array) -> pa.Array:
    """Moments as `datetime.isoformat` writes them."""
    texts = moments.cast(pa.timestamp("us")).cast(pa.string())
    if pc.any(pc.ends_with(texts, WHOLE_SECOND)).as_py():
        texts = pc.replace_substring_regex(texts, rf"\{WHOLE_SECOND}$", "")
    return pc.binary_join_element_wise(pc.replace_substring(texts, " ", "T"), ZONE, "")
