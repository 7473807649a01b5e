"""Events of a columnar file that are plainly well-formed, side by side.

They become what `EventImporter.parse`, the catalogue and `PackedEvents.of` make of them, to the bit.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.imports.event_row import EventRow
from warehouse.imports.event_storage import Prompts, Users
from warehouse.imports.parquet_source import Chunk
from warehouse.imports.record import Record
from warehouse.imports.value import DEFAULT_SOURCE, EPOCH
from warehouse.intake.fingerprint import ID_SEPARATOR, NOT_PAYLOAD, join_digests
from warehouse.journal.packed import BINARY_EPOCH, Column, PackedEvents, pack_keys, pack_rows

EVENT_TEXTS = ("event_id", "event_name", "source", "anonymous_id", "session_id", "request_id")
# Of a payload, what each event has: the comma stands between that and every other.
MEMBER_ALWAYS = "event_name"
# What of a payload is no text, or is JSON already.
UNQUOTED = frozenset({"properties", "schema_version"})
SCHEMA_VERSION = 1
ZONE = "+00:00"
WHOLE_SECOND = ".000000"
MICROSECOND = timedelta(microseconds=1)
EPOCH_TICKS = (BINARY_EPOCH - EPOCH) // MICROSECOND


class PlainEvents:
    """Rows of a chunk that stand together. `parse` is for when one of them has to be looked at by itself.

    `first` is the place of the first in the chunk; `moments` are when these rows occurred, in UTC, and `properties`
    theirs as JSON with sorted keys.
    """

    key = None

    def __init__(
        self,
        chunk: Chunk,
        first: int,
        properties: Sequence[bytes],
        *,
        moments: pa.TimestampArray,
        received_at: datetime,
        parse: Callable[[Record], EventRow],
    ) -> None:
        self._chunk = chunk
        self._first = first
        self._moments = moments
        self._received_at = received_at
        self._parse = parse
        self.row_count = len(properties)
        self.prompts = self._names("prompt_external_id")
        self.users = self._names("user_external_id")
        self._properties = pa.array(properties, pa.binary())
        # Those that name nobody are ready before it is their turn to be stored.
        self._packed = None if self.prompts or self.users else self._pack({}, {})

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

    def packed(self, prompts: Prompts, users: Users) -> PackedEvents:
        """As they are stored, with the ids of all that they name."""
        return self._pack(prompts, users) if self._packed is None else self._packed

    def _pack(self, prompts: Prompts, users: Users) -> PackedEvents:
        texts = {name: self._column(name) for name in EVENT_TEXTS}
        source = texts.pop("source")
        texts["source"] = DEFAULT_SOURCE if source is None else source.fill_null(DEFAULT_SOURCE)
        ids = {
            "prompt_id": self._ids("prompt_external_id", {name: prompts[name] for name in self.prompts}),
            "user_id": self._ids("user_external_id", {name: users[name]["user_id"] for name in self.users}),
            "organization_id": self._ids(
                "user_external_id", {name: users[name]["organization_id"] for name in self.users}
            ),
        }
        said = texts | {name: found.texts for name, found in ids.items()}
        said |= {
            "schema_version": str(SCHEMA_VERSION),
            "properties": self._properties,
            "occurred_at": self._moments_said(),
        }
        received = (self._received_at - BINARY_EPOCH) // MICROSECOND
        columns: dict[str, Column] = texts | {
            "source": DEFAULT_SOURCE.encode() if source is None else texts["source"],
            "schema_version": SCHEMA_VERSION.to_bytes(8, "big"),
            "occurred_at": self._moments.cast(pa.int64()).to_numpy() - EPOCH_TICKS,
            "received_at": received.to_bytes(8, "big"),
            "properties": self._properties,
        }
        columns |= {
            name: None if found.raw is None else pa.array(found.raw, pa.binary()) for name, found in ids.items()
        }
        keys = _join(texts["source"], ID_SEPARATOR, texts["event_id"])
        return PackedEvents(
            pack_keys(join_digests(keys), join_digests(_payloads(said)), count=self.row_count, received_at=received),
            pack_rows(columns, self.row_count),
            {name: found.raw for name, found in ids.items()},
        )

    def _moments_said(self) -> pa.StringArray:
        """When they occurred, as `datetime.isoformat` writes it."""
        texts = self._moments.cast(pa.timestamp("us")).cast(pa.string())
        if pc.any(pc.ends_with(texts, WHOLE_SECOND)).as_py():
            texts = pc.replace_substring_regex(texts, rf"\{WHOLE_SECOND}$", "")
        return pc.binary_join_element_wise(pc.replace_substring(texts, " ", "T"), ZONE, "")

    def _column(self, name: str) -> pa.StringArray | None:
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
            return _Ids(None, None)
        names = column.to_pylist()
        raw = {each: identifier.bytes for each, identifier in found.items()}
        texts = {each: str(identifier) for each, identifier in found.items()}
        return _Ids(list(map(raw.get, names)), pa.array(map(texts.get, names), pa.string()))


class _Ids(NamedTuple):
    """An id for each row: as Postgres holds it, and as text. None when no row has one."""

    raw: list[bytes | None] | None
    texts: pa.StringArray | None


def _payloads(fields: Mapping[str, pa.Array | str | None]) -> list[bytes]:
    """What is hashed of each event, as `hash_payload` writes it: keys in their order, and none without a value."""
    pieces: list[pa.Array | str] = ["{"]
    for name in sorted(fields.keys() - NOT_PAYLOAD):
        value = fields[name]
        if value is None:
            continue
        quote = "" if name in UNQUOTED else '"'
        start = f'"{name}":{quote}' if name <= MEMBER_ALWAYS else f',"{name}":{quote}'
        end = f"{quote}," if name < MEMBER_ALWAYS else quote
        if isinstance(value, str) or not value.null_count:
            pieces += [start, value, end]
        else:
            member = pc.binary_join_element_wise(start, value, end, "")
            pieces.append(member.fill_null(""))
    return _join(*pieces, "}")


def _join(*pieces: pa.Array | str) -> list[bytes]:
    """What stands behind each other in each row."""
    values = [piece.encode() if isinstance(piece, str) else piece.cast(pa.binary()) for piece in pieces]
    found: list[bytes] = pc.binary_join_element_wise(*values, b"").to_pylist()
    return found
