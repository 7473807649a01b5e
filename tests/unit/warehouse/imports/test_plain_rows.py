"""What is read by columns is what is read row by row, by the catalogue itself, to the bit."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.warehouse.journal.unpacking import unpacked
from warehouse.events import CATALOGUE
from warehouse.imports.errors import RowInvalid
from warehouse.imports.event import EventImporter
from warehouse.imports.event_batch import EventBatch
from warehouse.imports.parquet_source import Chunk
from warehouse.imports.plain_events import PlainEvents
from warehouse.imports.plain_rows import ODD_ROWS_MAX, read_plain
from warehouse.imports.record import Record
from warehouse.journal.packed import IDS

AT = datetime(2026, 1, 2, tzinfo=UTC)
SPACE = UUID(int=7)
PROMPTS = {name: uuid5(SPACE, name) for name in ("p1", "p2", "a b")}
USERS = {name: {"user_id": uuid5(SPACE, name), "organization_id": uuid5(SPACE, f"of {name}")} for name in ("u1", "u2")}
SCHEMA = pa.schema([
    ("event_id", pa.string()), ("event_name", pa.string()), ("occurred_at", pa.timestamp("ns", "Europe/Prague")),
    ("source", pa.string()), ("anonymous_id", pa.string()), ("session_id", pa.string()), ("request_id", pa.string()),
    ("prompt_external_id", pa.string()), ("user_external_id", pa.string()), ("position", pa.int64()),
    ("properties", pa.string()),
])  # fmt: skip

odd_text = st.one_of(
    st.sampled_from(["", " x", "x ", 'a"b', "a\\b", "a\tb", "é", "x" * 255, "x" * 256, "\x00", "a\nb", "\x1c", "a b"]),
    st.text(max_size=5),
)
# Times around every limit: digits of a second or none, before 2000, in the next hour, beyond it.
odd_moment = st.one_of(
    st.datetimes(datetime(1999, 12, 31), datetime(2000, 1, 2)).map(lambda at: at.replace(tzinfo=UTC)),
    st.timedeltas(timedelta(minutes=-70), timedelta(minutes=70)).map(lambda by: datetime.now(UTC) + by),
    st.none(),
)
json_value = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**65), 2**65), st.floats(), odd_text),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(odd_text, inner, max_size=3)),
    max_leaves=6,
)
odd_properties = st.one_of(
    st.dictionaries(st.sampled_from(["query", "result_count", "rating", "position", "items", "zeta"]), json_value).map(
        json.dumps
    ),
    st.sampled_from(["", "{", "[]", "3", '{"a":"\\u0000"}', '{"a":"\\\\u0000"}', '{"a":1e400}', '{"a":1,"a":2}',
                     '{"b":"\\ud800"}', '{"a":' + "[" * 60 + "]" * 60 + "}", '{"a":"' + "y" * 70_000 + '"}',
                     '{"items":[{"prompt_id":"p1","position":1},{"prompt_id":["odd"]}]}', '{"a":"b\\\\c\\td"}']),
)  # fmt: skip
name = st.sampled_from(["plain-1", "plain 2", None])
plain_row = st.fixed_dictionaries({
    "event_id": st.uuids().map(str),
    "event_name": st.sampled_from(["cart.filled", "search.performed", "prompt.viewed", "prompt.clicked"]),
    "occurred_at": st.datetimes(datetime(2020, 1, 1), datetime(2026, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),
    "source": name, "anonymous_id": name, "session_id": name, "request_id": name,
    "prompt_external_id": st.sampled_from(["p1", "p2", "a b"]),
    "user_external_id": st.sampled_from(["u1", "u2", None]),
    "position": st.sampled_from([1, 2**31 - 1, None]),
    "properties": st.sampled_from([
        '{"query":"q","result_count":0,"receipt_id":"r","alpha":{"z":1,"b":[2.5,"\\\\"]}}',
        '{"result_count":3,"query":"é","receipt_id":"r","position":4,"dwell_ms":7}',
    ]),
})  # fmt: skip
# At most one value is odd: of more, one would hide another.
odd_value = st.one_of(
    st.just({}),
    *(st.fixed_dictionaries({column: odd_text}) for column in ("event_id", "source", "session_id", "request_id")),
    st.fixed_dictionaries({"event_name": st.one_of(st.sampled_from([*CATALOGUE, "Bad Name"]), odd_text)}),
    st.fixed_dictionaries({"occurred_at": odd_moment}),
    st.fixed_dictionaries({"prompt_external_id": st.sampled_from([None, "unknown", " p1"])}),
    st.fixed_dictionaries({"position": st.sampled_from([0, 2**31, -5])}),
    *(st.fixed_dictionaries({"properties": odd_properties}) for _ in range(4)),
)
row = st.builds(lambda plain, odd: plain | odd, plain_row, odd_value)


def chunk_of(rows):
    return Chunk(pa.RecordBatch.from_pylist(rows, SCHEMA), 1)


def events_by_row(chunk):
    """Event by row number, of those that the catalogue takes; the reason of the others."""
    found = {}
    for index in range(chunk.row_count):
        batch = EventBatch(PROMPTS, datetime.now(UTC))
        try:
            batch.take(replace(EventImporter("f").parse(chunk.record(index)), is_sound=False))
        except RowInvalid as error:
            found[index + 1] = error.reason
        else:
            (packed,) = batch.packed(USERS)
            found[index + 1] = without_receipt(packed)[0]
    return found


def events_by_column(chunk):
    """The same, of those rows that are plain."""
    found = {}
    for each in read_plain(chunk, EventImporter("f").parse):
        if isinstance(each, PlainEvents) and each.prompts <= PROMPTS.keys():
            for place, event in enumerate(without_receipt(each.packed(PROMPTS, USERS))):
                found[each.record_of(place).line] = event
    return found


def without_receipt(packed):
    """The events but for the time they were received."""
    return [event | {"received_at": None, "key": event["key"][:2]} for event in unpacked(packed)]


class TestReadPlain:
    @settings(max_examples=100, deadline=None)
    @given(st.lists(row, min_size=1, max_size=8))
    def test_makes_the_events_that_rows_looked_at_one_by_one_become(self, rows):
        chunk = chunk_of(rows)
        by_row = events_by_row(chunk)
        by_column = events_by_column(chunk)
        assert by_column == {line: by_row[line] for line in by_column}

    def test_takes_what_is_plain_and_gives_back_each_other_row_in_its_place(self):
        good = {"event_id": "e1", "event_name": "cart.filled", "occurred_at": AT}
        rows = [good, good | {"event_id": "e2", "properties": '{"b":1,"a":2}'}, good | {"session_id": " x"}, good]
        found = list(read_plain(chunk_of(rows), EventImporter("f").parse))
        assert [getattr(each, "row_count", None) for each in found] == [2, None, 1]
        assert found[1].line == 3
        assert found[2].record.line == 4

    def test_takes_rows_that_name_prompts_and_users(self):
        named = {
            "event_id": "e1", "event_name": "prompt.viewed", "occurred_at": AT,
            "prompt_external_id": "p1", "user_external_id": "u1",
        }  # fmt: skip
        (plain,) = read_plain(chunk_of([named]), EventImporter("f").parse)
        (event,) = unpacked(plain.packed(PROMPTS, USERS))
        assert {name: event[name] for name in IDS} == {"prompt_id": PROMPTS["p1"], **USERS["u1"]}

    def test_leaves_columns_of_other_types_to_the_rows(self):
        batch = pa.RecordBatch.from_pylist(
            [{"event_id": 5, "event_name": "cart.filled", "occurred_at": "2026-01-02T00:00:00Z"}]
        )
        (record,) = read_plain(Chunk(batch, 1), EventImporter("f").parse)
        assert record.values["event_id"] == 5

    @pytest.mark.parametrize("column", ["event_id", "session_id", "properties", "colour"])
    def test_leaves_all_to_the_rows_where_text_is_not_utf8(self, column):
        texts = {
            "event_id": [b"e1", b"e2", b"e3"], "event_name": [b"cart.filled"] * 3, "session_id": [b"s"] * 3,
            "properties": [b"{}", b"{", b"{}"], "colour": [b"red"] * 3,
        }  # fmt: skip
        texts[column][2] = b"\xff"
        columns = {name: pa.array(values, pa.binary()).view(pa.string()) for name, values in texts.items()}
        batch = pa.RecordBatch.from_pydict(columns | {"occurred_at": pa.array([AT] * 3, pa.timestamp("us", "UTC"))})
        found = list(read_plain(Chunk(batch, 1), EventImporter("f").parse))
        assert [(each.line, each.problem and each.problem.reason) for each in found] == [
            (1, None), (2, None), (3, "encoding_invalid"),
        ]  # fmt: skip

    def test_leaves_positions_without_a_sign_to_the_rows(self):
        rows = [{"event_id": "e1", "event_name": "cart.filled", "occurred_at": AT, "position": 2**63}]
        schema = SCHEMA.set(SCHEMA.get_field_index("position"), pa.field("position", pa.uint64()))
        (record,) = read_plain(Chunk(pa.RecordBatch.from_pylist(rows, schema), 1), EventImporter("f").parse)
        assert EventImporter("f").parse_or_refuse(record).reason == "position_invalid"

    @pytest.mark.parametrize(
        "written",
        [
            ['{"a":[1', "2]}", "{}"],
            ['{"a":1},{"b":2}', "{}", "{}"],
            ['{"a":1', '"b":2}', '{"c":3},{"d":4}'],
            ['{"a":1},"b"', '"c",{"d":4}', "{}"],
            ["{}],[{}", "{}", "{}"],
        ],
    )
    def test_does_not_take_for_json_what_is_json_with_its_neighbours_alone(self, written):
        rows = [
            {"event_id": str(number), "event_name": "cart.filled", "occurred_at": AT, "properties": each}
            for number, each in enumerate(written)
        ]
        found = list(read_plain(chunk_of(rows), EventImporter("f").parse))
        odd = [line for line, each in enumerate(written, 1) if each != "{}"]
        assert [each.line for each in found if isinstance(each, Record)] == odd
        assert sum(each.row_count for each in found if isinstance(each, PlainEvents)) == len(written) - len(odd)

    def test_leaves_all_to_the_rows_where_many_are_odd(self):
        rows = [
            {"event_id": str(number), "event_name": "cart.filled" if number % 3 else "Odd", "occurred_at": AT}
            for number in range(3 * ODD_ROWS_MAX + 3)
        ]
        found = list(read_plain(chunk_of(rows), EventImporter("f").parse))
        assert [each.line for each in found] == list(range(1, len(rows) + 1))
