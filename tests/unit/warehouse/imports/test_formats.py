"""Rows of other systems' exports become rows of an events file."""

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.imports import RowInvalid
from warehouse.imports.event import EventImporter
from warehouse.imports.formats import FORMATS, find_format
from warehouse.imports.record import Record

SEGMENT_CLICK = {
    "messageId": "ajs-1", "type": "track", "event": "Product Clicked", "userId": "u1", "anonymousId": "a1",
    "timestamp": "2026-03-01T09:00:00.123Z", "context": {"sessionId": 1234, "ip": "8.8.8.8"},
    "properties": {"product_id": "p1", "position": 3, "list_id": "l1", "colour": "red"},
}  # fmt: skip
POSTHOG_SEARCH = {
    "uuid": "0192-1", "event": "Products Searched", "distinct_id": "d1", "timestamp": "2026-03-01 09:00:00.123+00:00",
    "properties": '{"$session_id": "s1", "$user_id": "u1", "query": "tax", "result_count": 4}',
}  # fmt: skip
GA4_CLICK = {
    "event_name": "select_item", "event_timestamp": "1772355600123456", "user_pseudo_id": "123.456", "user_id": None,
    "event_params": [
        {"key": "ga_session_id", "value": {"int_value": "77", "string_value": None}},
        {"key": "item_list_id", "value": {"string_value": "l1"}},
    ],
    "items": [{"item_id": "p1", "item_list_index": "2"}],
}  # fmt: skip


def translate(name, row):
    return FORMATS[name].translate(row)


class TestSegment:
    def test_a_click(self):
        assert translate("segment", SEGMENT_CLICK) == {
            "event_id": "ajs-1", "source": "segment", "event_name": "prompt.clicked",
            "occurred_at": "2026-03-01T09:00:00.123Z", "user_external_id": "u1", "anonymous_id": "a1",
            "session_id": 1234, "prompt_external_id": "p1", "position": 3,
            "properties": SEGMENT_CLICK["properties"] | {"receipt_id": "l1"},
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"type": "page"}, "page.viewed"),
            ({"type": "identify"}, "segment.identify"),
            ({"event": "Song Played!"}, "segment.song_played"),
            ({"event": "3 Clicks"}, "segment.x_3_clicks"),
            ({"event": "Заказ"}, "segment.unnamed"),
            ({"event": "x" * 300}, "segment." + "x" * 63),
            ({"event": None}, None),
        ],
    )
    def test_names(self, fields, name):
        assert translate("segment", SEGMENT_CLICK | fields)["event_name"] == name

    @pytest.mark.parametrize(
        ("total", "currency", "cents"),
        [("19.99", "USD", 1999), (1200, "JPY", 1200), ("1.999", "USD", None), (-1, "USD", None),
         ("Infinity", "USD", None), ("9e999999", "USD", None), ("NaN", "USD", None), ("sNaN", "USD", None)],
    )  # fmt: skip
    def test_amounts_are_minor_units_without_rounding(self, total, currency, cents):
        order = {"order_id": "o1", "total": total, "currency": currency}
        properties = translate("segment", SEGMENT_CLICK | {"event": "Order Completed", "properties": order})[
            "properties"
        ]
        assert (properties.get("amount_cents"), properties["order_id"]) == (cents, "o1")

    @pytest.mark.parametrize("properties", ["{", "[]", 7])
    def test_refuses_what_is_no_object(self, properties):
        with pytest.raises(RowInvalid, match="properties"):
            translate("segment", SEGMENT_CLICK | {"properties": properties})


class TestPosthog:
    def test_a_search(self):
        assert translate("posthog", POSTHOG_SEARCH) == {
            "event_id": "0192-1", "source": "posthog", "event_name": "search.performed",
            "occurred_at": "2026-03-01 09:00:00.123+00:00", "user_external_id": "u1", "anonymous_id": "d1",
            "session_id": "s1", "prompt_external_id": None, "position": None,
            "properties": {"$session_id": "s1", "$user_id": "u1", "query": "tax", "result_count": 4},
        }  # fmt: skip

    def test_page_views_and_what_posthog_writes_by_itself(self):
        names = [
            translate("posthog", POSTHOG_SEARCH | {"event": name})["event_name"]
            for name in ("$pageview", "$autocapture")
        ]
        assert names == ["page.viewed", "posthog.autocapture"]


class TestGa4:
    def test_a_click(self):
        row = translate("ga4", GA4_CLICK)
        assert row | {"event_id": ""} == {
            "event_id": "", "source": "ga4", "event_name": "prompt.clicked", "occurred_at": "1772355600.123456",
            "user_external_id": None, "anonymous_id": "123.456", "session_id": "123.456.77",
            "prompt_external_id": "p1", "position": "2",
            "properties": {
                "item_id": "p1", "item_list_index": "2", "ga_session_id": "77", "item_list_id": "l1",
                "receipt_id": "l1", "items": [{"item_id": "p1", "item_list_index": "2"}],
            },
        }  # fmt: skip

    def test_the_same_row_has_the_same_id_and_another_row_another(self):
        again, other = GA4_CLICK | {}, GA4_CLICK | {"event_timestamp": "1772355600123457"}
        ids = [translate("ga4", row)["event_id"] for row in (GA4_CLICK, again, other)]
        assert ids[0] == ids[1] != ids[2]

    @pytest.mark.parametrize(
        "fields",
        [
            {"event_timestamp": "noon"}, {"event_timestamp": float("inf")}, {"event_params": [1]},
            {"event_params": "x"}, {"event_params": [{"key": "a", "value": "b"}]}, {"items": 5}, {"items": "x"},
            {"items": [1]}, {"x": json.loads("[" * 300 + "]" * 300)},
        ],
    )  # fmt: skip
    def test_refuses_what_it_can_not_read(self, fields):
        with pytest.raises(RowInvalid):
            translate("ga4", GA4_CLICK | fields)


TEXT = st.text("a1.\x00é", max_size=4)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | TEXT | st.binary() | st.datetimes()
    | st.sampled_from(["Infinity", "1e99999999", "9" * 5000, "Order Completed", "purchase", Decimal("1e999999")]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2)
    | st.fixed_dictionaries({"key": inner, "value": inner, "total": inner, "currency": inner}),
    max_leaves=6,
)  # fmt: skip
ROWS = {"segment": SEGMENT_CLICK, "posthog": POSTHOG_SEARCH, "ga4": GA4_CLICK}


class TestParse:
    @pytest.mark.parametrize("name", ROWS)
    @given(st.data())
    def test_whatever_a_row_holds_it_is_an_event_or_refused(self, name, data):
        fields = st.sampled_from([*sorted(ROWS[name]), "items", "ecommerce", "type", "context"])
        row = ROWS[name] | data.draw(st.dictionaries(fields, ANYTHING, max_size=3))
        with suppress(RowInvalid):
            EventImporter("x.jsonl", FORMATS[name]).parse(Record(1, row, 0))


class TestFindFormat:
    @pytest.mark.parametrize("name", ROWS)
    def test_knows_each_export_by_its_columns(self, name):
        assert find_format(ROWS[name]) is FORMATS[name]

    @pytest.mark.parametrize("columns", [(), ("event_id", "event_name", "occurred_at", "messageId"), ("uuid", "event")])
    def test_what_is_no_export_is_none(self, columns):
        assert find_format(columns) is None
