"""Finds the rows of a columnar file that are plainly well-formed, at a tenth of the cost of looking at each of them.

What is in any way odd is not refused here but left to those who look at rows one by one: they alone say what is
refused, and why.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.events import EVENT_MAX_BYTES
from warehouse.imports.event_row import EventRow
from warehouse.imports.parquet_source import Chunk
from warehouse.imports.plain_events import EVENT_TEXTS, PlainEvents
from warehouse.imports.properties import DEEPEST_NESTING, are_sound
from warehouse.imports.record import Record
from warehouse.imports.value import EARLIEST, IDENTIFIER_MAX_LENGTH
from warehouse.journal.packed import content_of

NEEDED = ("event_id", "event_name")
TEXTS = (*EVENT_TEXTS, "prompt_external_id", "user_external_id")
# Printable ASCII that neither begins nor ends with a blank and means the same in JSON.
PLAIN_TEXT = r"^[!#-\[\]-~]([ !#-\[\]-~]*[!#-\[\]-~])?$"
# The same without blanks: so are most.
PLAIN_CHARACTERS = bytes(byte for byte in range(0x21, 0x7F) if byte not in b'"\\')
# Written by us, no text of JSON becomes longer than six times what it was.
PROPERTIES_MAX_BYTES = EVENT_MAX_BYTES // 6
# In a chunk. Where more are odd, those between them are too few to gain anything by standing together.
ODD_ROWS_MAX = 100
# Stands between the properties of two rows where many are read as one text. Nobody who writes a file can know it.
MARK = secrets.token_hex(16)
BETWEEN = f',"{MARK}",'
NUL_ESCAPE = "\\u0000"
NOTHING = "{}"


def read_plain(chunk: Chunk, parse: Callable[[Record], EventRow]) -> Iterator[PlainEvents | Record]:
    """The rows of a chunk in their order: those that are plain together, and each other as it was read."""
    received_at = datetime.now(UTC)
    moments = _moments(chunk) if chunk.is_utf8() else None
    properties = None if moments is None else _plain_properties(chunk, moments, received_at)
    if moments is None or properties is None or properties.count(None) > ODD_ROWS_MAX:
        yield from map(chunk.record, range(chunk.row_count))
        return
    first = 0
    for end in [*(place for place, each in enumerate(properties) if each is None), chunk.row_count]:
        if together := [each for each in properties[first:end] if each is not None]:
            yield PlainEvents(
                chunk, first, together, moments=moments.slice(first, end - first),
                received_at=received_at, parse=parse,
            )  # fmt: skip
        if end < chunk.row_count:
            yield chunk.record(end)
        first = end + 1


def _plain_properties(chunk: Chunk, moments: pa.TimestampArray, received_at: datetime) -> list[bytes | None] | None:
    """The properties of each row as JSON with sorted keys; None of one that has to be looked at slowly.

    None instead when every row has to be, because of how they are kept.
    """
    plain = _plain_but_for_properties(chunk, moments, received_at)
    if plain is None:
        return None
    columns = {name: chunk.columns[name] for name in _Rows.COLUMNS if name in chunk.columns}
    if "properties" in columns:
        plain = pc.and_(plain, _is_short_and_flat(columns["properties"]))
    places = [place for place, is_plain in enumerate(plain.to_pylist()) if is_plain]
    if len(places) < chunk.row_count:
        columns = {name: column.filter(plain) for name, column in columns.items()}
    found: list[bytes | None] = [None] * chunk.row_count
    for place, each in zip(places, _read(_Rows.of(columns, len(places))), strict=True):
        found[place] = each
    return found


@dataclass(frozen=True)
class _Rows:
    """What is looked at of some rows: the properties as JSON, the position beside them, and under which name."""

    COLUMNS = ("event_name", "prompt_external_id", "position", "properties")

    event_names: Sequence[str]
    prompts: Sequence[str | None]
    positions: Sequence[int | None]
    written: Sequence[str]

    @classmethod
    def of(cls, columns: dict[str, pa.Array], count: int) -> "_Rows":
        """Of columns; one that is not there says nothing."""
        nothing: list[Any] = [None] * count
        names, prompts, positions, written = (
            columns[name].to_pylist() if name in columns else nothing for name in cls.COLUMNS
        )
        return cls(names, prompts, positions, [each or NOTHING for each in written])

    def part(self, places: slice) -> "_Rows":
        """Some of them."""
        return _Rows(self.event_names[places], self.prompts[places], self.positions[places], self.written[places])


def _read(rows: _Rows) -> list[bytes | None]:
    """The properties of rows with sorted keys. The odd ones are found by halves."""
    count = len(rows.written)
    together = _read_together(rows) if count else []
    if together is not None:
        return [*together]
    if count == 1:
        return [None]
    return _read(rows.part(slice(count // 2))) + _read(rows.part(slice(count // 2, None)))


def _read_together(rows: _Rows) -> list[bytes] | None:
    """The same, of rows that are all plain; None of others.

    Plain are properties that are an object without a NUL, and without a list of items. They are read and written as
    one text. Only where each row holds one whole value the marks between them stand at the top, and all of them.
    """
    joined = BETWEEN.join(rows.written)
    if NUL_ESCAPE in joined:
        return None
    try:
        values = orjson.loads(f"[{joined}]")
    except orjson.JSONDecodeError:
        return None
    objects = values[::2]
    between = len(rows.written) - 1
    if len(values) != 2 * between + 1 or values.count(MARK) != between or {*map(type, objects)} != {dict}:
        return None
    for each, position in zip(objects, rows.positions, strict=True):
        if position is not None:
            each.setdefault("position", position)
    if any("items" in each for each in objects) or not _are_sound(rows, objects):
        return None
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)[1:-1].split(BETWEEN.encode())


def _are_sound(rows: _Rows, properties: Sequence[dict[str, Any]]) -> bool:
    if len({*rows.event_names}) == 1 and not any(rows.prompts):
        return are_sound(rows.event_names[0], properties, names_prompt=False)
    by_name: dict[tuple[str, bool], list[dict[str, Any]]] = defaultdict(list)
    for name, prompt, each in zip(rows.event_names, rows.prompts, properties, strict=True):
        by_name[name, prompt is not None].append(each)
    return all(are_sound(name, some, names_prompt=names_prompt) for (name, names_prompt), some in by_name.items())


def _moments(chunk: Chunk) -> pa.TimestampArray | None:
    """When the rows occurred, in UTC; None where the file does not keep that as moments, or such as nobody can mean."""
    column = chunk.columns.get("occurred_at")
    if column is None or not pa.types.is_timestamp(column.type) or column.type.tz is None:
        return None
    try:
        # Python's times know no nanoseconds.
        return column.cast(pa.timestamp("us", "UTC"), safe=column.type.unit != "ns")
    except pa.ArrowInvalid:
        return None


def _plain_but_for_properties(
    chunk: Chunk, moments: pa.TimestampArray, received_at: datetime
) -> pa.BooleanArray | None:
    """For each row, whether all but its properties is plain; None when no row can be, because of how they are kept."""
    types = {name: column.type for name, column in chunk.columns.items()}
    if (
        not all(name in types for name in NEEDED)
        or not all(pa.types.is_string(types[name]) for name in (*TEXTS, "properties") if name in types)
        or not _is_signed(types.get("position", pa.int64()))
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
    return pc.fill_null(plain, False)


def _is_signed(kind: pa.DataType) -> bool:
    """Of whole numbers. Half of those of 64 bits without a sign can't be held against others."""
    return bool(pa.types.is_integer(kind)) and kind != pa.uint64()


def _is_plain_text(column: pa.StringArray, *, is_needed: bool) -> pa.BooleanArray:
    sizes = pc.binary_length(column)
    if bytes(content_of(column)).translate(None, PLAIN_CHARACTERS):
        has_shape = pc.match_substring_regex(column, PLAIN_TEXT)
    else:
        has_shape = pc.greater(sizes, 0)
    return pc.fill_null(pc.and_(pc.less_equal(sizes, IDENTIFIER_MAX_LENGTH), has_shape), not is_needed)


def _is_short_and_flat(written: pa.StringArray) -> pa.BooleanArray:
    """No value is nested deeper than there are brackets."""
    brackets = pc.add(pc.count_substring(written, "{"), pc.count_substring(written, "["))
    is_short = pc.less_equal(pc.binary_length(written), PROPERTIES_MAX_BYTES)
    return pc.fill_null(pc.and_(is_short, pc.less_equal(brackets, DEEPEST_NESTING)), True)
