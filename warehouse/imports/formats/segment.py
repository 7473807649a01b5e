"""Segment: the messages of its S3 or file export, one JSON object a line."""

from typing import Any

from warehouse.imports.formats.format import Format, Values, as_object, commerce_properties, first, our_name

EVENT_NAMES = {
    "Product List Viewed": "segment.product_list_viewed",
    "Products Searched": "search.performed",
    "Product List Filtered": "category.browsed",
    "Product Clicked": "prompt.clicked",
    "Product Viewed": "prompt.viewed",
    "Checkout Started": "checkout.started",
    "Order Completed": "order.paid",
    "Order Refunded": "order.refunded",
    "Product Reviewed": "review.submitted",
}
COLUMNS = {
    "event_id": "`messageId`",
    "event_name": "`event`; of pages and screens `page.viewed`, `screen.viewed`; of other types `segment.<type>`",
    "occurred_at": "`timestamp`, else `originalTimestamp`",
    "user_external_id": "`userId`",
    "anonymous_id": "`anonymousId`",
    "session_id": "`context.sessionId`, else `properties.session_id`",
    "prompt_external_id": "`properties.product_id`, else `properties.prompt_id`",
    "position": "`properties.position`",
    "properties": "`properties`, with the catalogue's names beside Segment's",
}


def translate(values: Values) -> dict[str, Any]:
    """A message as a row of an events file."""
    given = as_object(values.get("properties"), "properties")
    context = as_object(values.get("context"), "context")
    kind = values.get("type") or "track"
    name = values.get("event") if kind == "track" else kind
    names = {**EVENT_NAMES, "page": "page.viewed", "screen": "screen.viewed"} if kind != "track" else EVENT_NAMES
    event_name = our_name("segment", name, names)
    return {
        "event_id": values.get("messageId"),
        "source": "segment",
        "event_name": event_name,
        "occurred_at": first(values, "timestamp", "originalTimestamp"),
        "user_external_id": values.get("userId"),
        "anonymous_id": values.get("anonymousId"),
        "session_id": first(context, "sessionId") or first(given, "session_id"),
        "prompt_external_id": first(given, "product_id", "prompt_id"),
        "position": given.get("position"),
        "properties": commerce_properties(event_name or "", given),
    }


SEGMENT = Format("segment", "Segment", ("messageId",), translate, COLUMNS, EVENT_NAMES)
