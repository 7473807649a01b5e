"""Events in COPY's binary form say what they said."""

from datetime import UTC, datetime, timedelta

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.warehouse.journal.unpacking import fields_of, unpacked
from warehouse.intake import make_ready
from warehouse.journal.packed import COLUMNS, FIELD_COUNT, IDS, PackedEvents, pack_rows

AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)

text = st.one_of(
    st.sampled_from(["a", "b"]), st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=5)
)
identifier = st.one_of(st.none(), st.binary(min_size=16, max_size=16))
moment = st.datetimes(datetime(1999, 12, 30), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
event = st.builds(
    make_ready,
    source=text, event_id=text, event_name=text, occurred_at=moment,
    received_at=st.sampled_from([AT, AT + timedelta(days=1)]),
    properties=st.dictionaries(text, st.one_of(text, st.integers(-9, 9)), max_size=2),
    schema_version=st.integers(1, 3),
    organization_id=identifier, user_id=identifier, prompt_id=identifier,
    anonymous_id=st.none() | text, session_id=st.none() | text, request_id=st.none() | text,
    sample_rate=st.sampled_from([None, 0.5]), clock_offset_ms=st.sampled_from([None, -7, 2**40]),
    agent=st.sampled_from([None, "bot"]),
)  # fmt: skip
events = st.lists(event, min_size=1, max_size=6)


def said(ready):
    """What an event says, as `unpacked` tells it."""
    fields = {name: getattr(ready, name) for name in COLUMNS}
    return fields | {
        "properties": orjson.loads(ready.properties),
        "sample_rate": None if ready.sample_rate is None else b"\x3f\xe0" + bytes(6),
        **{name: None if fields[name] is None else fields[name].hex() for name in IDS},
    }


def told(row):
    return {name: row[name] for name in COLUMNS} | {name: None if row[name] is None else row[name].hex for name in IDS}


class TestOf:
    @settings(max_examples=100, deadline=None)
    @given(events)
    def test_says_what_each_event_says(self, some):
        rows = unpacked(PackedEvents.of(some))
        assert [told(row) for row in rows] == [said(each) for each in some]
        assert [row["ids"] for row in rows] == [{name: getattr(each, name) for name in IDS} for each in some]
        assert [row["key"][:2] for row in rows] == [[each.id, each.payload_hash] for each in some]

    @settings(max_examples=50, deadline=None)
    @given(st.lists(events, min_size=1, max_size=3))
    def test_packs_some_at_a_time_as_all_at_once(self, parts):
        together = PackedEvents.of([each for part in parts for each in part])
        assert unpacked(PackedEvents.joined([PackedEvents.of(part) for part in parts])) == unpacked(together)

    @given(events, st.data())
    def test_those_that_are_taken_are_those_asked_for(self, some, data):
        ordinals = data.draw(st.lists(st.integers(0, len(some) - 1), unique=True).map(sorted))
        packed = PackedEvents.of(some)
        assert unpacked(packed.take(ordinals)) == [unpacked(packed)[ordinal] for ordinal in ordinals]


class TestSortedKeys:
    @given(events)
    def test_are_in_the_order_of_their_ids(self, some):
        keys = [fields_of(key.tobytes())[1][0] for key in PackedEvents.of(some).sorted_keys()]
        assert keys == sorted(each.id for each in some)


class TestDays:
    def test_are_the_utc_days_on_which_events_were_received(self):
        late = datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
        some = [
            make_ready(source="s", event_id=str(at), event_name="a.b", occurred_at=AT, received_at=at, properties={})
            for at in (AT, late, AT + timedelta(hours=1))
        ]
        assert PackedEvents.of(some).days() == [late.date(), AT.date()]


class TestWholeRows:
    def test_end_with_what_was_found_out(self):
        some = [
            make_ready(source="s", event_id=each, event_name="a.b", occurred_at=AT, received_at=AT, properties={})
            for each in ("a", "b")
        ]
        packed = PackedEvents.of(some)
        rows = bytes(packed.whole_rows(batch_id=7, is_own=[False, True], is_staff=None))
        ends = [(7).to_bytes(8, "big"), b"\0", b"\0"], [(7).to_bytes(8, "big"), b"\1", b"\0"]
        first = len(rows) // 2
        for row, end, event_id in zip((rows[:first], rows[first:]), ends, (b"a", b"b"), strict=True):
            count, fields = fields_of(row)
            assert (count, len(fields), fields[1], fields[len(COLUMNS) :]) == (FIELD_COUNT, FIELD_COUNT, event_id, end)

    def test_of_no_events_are_none(self):
        packed = PackedEvents.of(
            [make_ready(source="s", event_id="a", event_name="a.b", occurred_at=AT, received_at=AT, properties={})]
        )
        assert bytes(packed.take([]).whole_rows(batch_id=7, is_own=None, is_staff=None)) == b""


class TestPackRows:
    def test_says_the_same_in_each_row_where_all_is_the_same(self):
        rows = pack_rows({"source": b"web"}, 2).to_pylist()
        assert rows[0] == rows[1]
        assert fields_of(rows[0])[1] == [b"web"] + [None] * (len(COLUMNS) - 1)
