"""PostHog: the events of its batch export or its API, as CSV, JSON Lines or Parquet."""

from typing import Any

from warehouse.imports.formats.format import Format, Values, as_object, commerce_properties, first, our_name
from warehouse.imports.formats.segment import EVENT_NAMES as COMMERCE_NAMES

# PostHog has no names of its own for commerce; its documentation takes Segment's.
EVENT_NAMES = {
    **{name: ours for name, ours in COMMERCE_NAMES.items() if not ours.startswith("segment.")},
    "$pageview": "page.viewed",
    "$screen": "screen.viewed",
}
COLUMNS = {
    "event_id": "`uuid`",
    "event_name": "`event`",
    "occurred_at": "`timestamp`",
    "user_external_id": "`properties.$user_id`",
    "anonymous_id": "`distinct_id`",
    "session_id": "`properties.$session_id`",
    "prompt_external_id": "`properties.product_id`, else `properties.prompt_id`",
    "position": "`properties.position`",
    "properties": "`properties`, with the catalogue's names beside PostHog's",
}


def translate(values: Values) -> dict[str, Any]:
    """An event as a row of an events file."""
    given = as_object(values.get("properties"), "properties")
    event_name = our_name("posthog", values.get("event"), EVENT_NAMES)
    return {
        "event_id": values.get("uuid"),
        "source": "posthog",
        "event_name": event_name,
        "occurred_at": values.get("timestamp"),
        "user_external_id": given.get("$user_id"),
        "anonymous_id": values.get("distinct_id"),
        "session_id": given.get("$session_id"),
        "prompt_external_id": first(given, "product_id", "prompt_id"),
        "position": given.get("position"),
        "properties": commerce_properties(event_name or "", given),
    }


POSTHOG = Format("posthog", "PostHog", ("uuid", "event", "timestamp"), translate, COLUMNS, EVENT_NAMES)
