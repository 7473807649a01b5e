"""The properties of an event in a file: read, and looked at quickly where they are plain."""

from collections.abc import Iterable
from typing import Any

import msgspec
import orjson

from warehouse.events import EVENT_MAX_BYTES
from warehouse.imports import value
from warehouse.imports.errors import RowInvalid
from warehouse.intake import rule_of

# As in the service; what is nested far deeper can't be written as JSON again.
DEEPEST_NESTING = 50


def read_properties(given: Any) -> tuple[dict[str, Any], bool]:
    """The properties a row holds, and whether they are plain: values of JSON, and no NUL. Raises `RowInvalid`."""
    if given is None or given == "":
        return {}, True
    is_text = isinstance(given, str)
    properties = _loaded(given) if is_text else given
    if not isinstance(properties, dict):
        raise RowInvalid("properties_invalid", f"properties are not a JSON object: {value.shown(properties)}")
    try:
        written = orjson.dumps(properties, default=str, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError as error:
        raise RowInvalid("properties_invalid", f"properties can't be written as JSON: {error}") from None
    if len(written) > EVENT_MAX_BYTES:
        raise RowInvalid(
            "properties_too_large", f"properties have {len(written)} bytes; at most {EVENT_MAX_BYTES} are allowed"
        )
    # No value is nested deeper than there are brackets; only where there are many is it worth a look.
    if written.count(b"[") + written.count(b"{") > DEEPEST_NESTING and _depth(properties) > DEEPEST_NESTING:
        raise RowInvalid("properties_invalid", f"properties are nested deeper than {DEEPEST_NESTING}")
    is_plain = b"\\u0000" not in written and (is_text or orjson.loads(written) == properties)
    return dict(properties), is_plain


def _loaded(given: str) -> Any:
    try:
        return orjson.loads(given)
    except orjson.JSONDecodeError as error:
        raise RowInvalid("properties_invalid", f"properties are not JSON: {error}") from None


def _depth(value: Any) -> int:
    """How deep lists and objects are nested, without recursion, because the depth is the file's choice."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        current, depth = waiting.pop()
        if isinstance(current, dict | list):
            deepest = max(deepest, depth)
            waiting += [(each, depth + 1) for each in (current.values() if isinstance(current, dict) else current)]
    return deepest


def items_with_prompts(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of a served list that name a prompt; whether they are well-formed is for the catalogue to say."""
    items = properties.get("items")
    if not isinstance(items, list):
        return []
    return [item for item in items if isinstance(item, dict) and isinstance(item.get("prompt_id"), str)]


def are_sound(event_name: str, properties: Iterable[dict[str, Any]], *, names_prompt: bool) -> bool:
    """Whether the catalogue surely takes plain properties, each under this name. When not, it has to be asked."""
    rule = rule_of(event_name)
    if rule is None or (rule.needs_prompt and not names_prompt):
        return False
    if rule.properties is None:
        return True
    try:
        for each in properties:
            msgspec.convert(each, rule.properties)
    except msgspec.ValidationError:
        return False
    return True
