"""Google Analytics 4: the rows of its BigQuery export (`events_YYYYMMDD`), as JSON Lines or Parquet."""

import hashlib
from typing import Any

import orjson

from warehouse.imports.errors import RowInvalid
from warehouse.imports.formats.format import Format, Values, commerce_properties, first, our_name
from warehouse.imports.value import shown

EVENT_NAMES = {
    "page_view": "page.viewed",
    "search": "search.performed",
    "view_search_results": "search.performed",
    "view_item_list": "category.browsed",
    "select_item": "prompt.clicked",
    "view_item": "prompt.viewed",
    "begin_checkout": "checkout.started",
    "purchase": "order.paid",
    "refund": "order.refunded",
}
COLUMNS = {
    "event_id": "a hash of the row, because GA4 has no ids: the same row twice is one event",
    "event_name": "`event_name`",
    "occurred_at": "`event_timestamp` (microseconds)",
    "user_external_id": "`user_id`",
    "anonymous_id": "`user_pseudo_id`",
    "session_id": "`user_pseudo_id` and the parameter `ga_session_id`",
    "prompt_external_id": "`items[0].item_id`",
    "position": "`items[0].item_list_index`",
    "properties": "`event_params` by name, with the catalogue's names beside GA4's; `items` stay as they are",
}
VALUE_KINDS = ("string_value", "int_value", "double_value", "float_value")
ID_HASH_CHARACTERS = 32
MICROSECONDS = 1_000_000


def translate(values: Values) -> dict[str, Any]:
    """A row of the export as a row of an events file."""
    given = _parameters(values.get("event_params"))
    items = _items(values.get("items"))
    item = items[0] if items else {}
    event_name = our_name("ga4", values.get("event_name"), EVENT_NAMES)
    if event_name == "order.paid" or event_name == "order.refunded":
        ecommerce = values.get("ecommerce")
        given = {**(ecommerce if isinstance(ecommerce, dict) else {}), **given}
    visitor, session = values.get("user_pseudo_id"), given.get("ga_session_id")
    return {
        "event_id": _row_id(values),
        "source": "ga4",
        "event_name": event_name,
        "occurred_at": _seconds(values.get("event_timestamp")),
        "user_external_id": values.get("user_id"),
        "anonymous_id": visitor,
        "session_id": f"{visitor}.{session}" if visitor and session else None,
        "prompt_external_id": item.get("item_id"),
        "position": first(item, "item_list_index", "index"),
        "properties": commerce_properties(event_name or "", {**item, **given}) | ({"items": items} if items else {}),
    }


def _parameters(given: Any) -> dict[str, Any]:
    """Parameters are a list of pairs whose value stands in the field of its type."""
    if given is None:
        return {}
    if not isinstance(given, list) or not all(map(_is_parameter, given)):
        raise RowInvalid("event_params_invalid", f"event_params is not a list of keys and values: {shown(given)}")
    return {str(pair["key"]): first(pair.get("value") or {}, *VALUE_KINDS) for pair in given}


def _is_parameter(pair: Any) -> bool:
    return isinstance(pair, dict) and "key" in pair and isinstance(pair.get("value"), dict | None)


def _items(given: Any) -> list[dict[str, Any]]:
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise RowInvalid("items_invalid", f"items is not a list of objects: {shown(given)}")
    return given


def _row_id(values: Values) -> str:
    try:
        content = orjson.dumps(dict(values), default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError as error:
        raise RowInvalid("value_not_storable", f"the row can't be written as JSON: {error}") from None
    return hashlib.sha256(content).hexdigest()[:ID_HASH_CHARACTERS]


def _seconds(microseconds: Any) -> str | None:
    """BigQuery writes whole numbers as text."""
    if microseconds is None:
        return None
    try:
        whole, rest = divmod(int(microseconds), MICROSECONDS)
    except (TypeError, ValueError, OverflowError):
        raise RowInvalid(
            "event_timestamp_invalid", f"event_timestamp is not a number of microseconds: {shown(microseconds)}"
        ) from None
    return f"{whole}.{rest:06}"


GA4 = Format("ga4", "Google Analytics 4", ("event_name", "event_timestamp"), translate, COLUMNS, EVENT_NAMES)
