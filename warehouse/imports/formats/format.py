"""What the exports have in common: names become ours, ids of products are ids of prompts, amounts are minor units."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from warehouse.currencies import ZERO_DECIMAL_CURRENCIES
from warehouse.imports.errors import RowInvalid

Values = Mapping[str, Any]
Translate = Callable[[Values], dict[str, Any]]

LONGEST_VERB = 63
LARGEST_INTEGER = 2**63 - 1


@dataclass(frozen=True)
class Format:
    """An export: its name, the columns it must have, how a row is translated, and what to tell about it.

    `columns` and `event_names` are documentation as well: of ours by theirs.
    """

    name: str
    title: str
    needed: tuple[str, ...]
    translate: Translate
    columns: Mapping[str, str]
    event_names: Mapping[str, str]


def our_name(source: str, name: Any, known: Mapping[str, str]) -> str | None:
    """The catalogue's name of an event, or the sender's own made well-formed behind the name of its system."""
    if not isinstance(name, str) or not name.strip():
        return None
    if name in known:
        return known[name]
    verb = re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_") or "unnamed"
    return f"{source}.{verb if verb[0].isalpha() else f'x_{verb}'}"[: len(source) + 1 + LONGEST_VERB]


def as_object(value: Any, column: str) -> dict[str, Any]:
    """A JSON object, whether the file holds it as text or as itself; an absent one is empty. Raises `RowInvalid`."""
    if isinstance(value, str) and value:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise RowInvalid(f"{column}_invalid", f"{column} is not JSON: {error}") from None
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise RowInvalid(f"{column}_invalid", f"{column} is not a JSON object")
    return dict(value)


def first(values: Values, *names: str) -> Any:
    """The value of the first of these that is there."""
    return next((values[name] for name in names if values.get(name) not in (None, "")), None)


def cents(amount: Any, currency: Any) -> int | None:
    """An amount in a currency's main unit, as these systems write it, in its minor unit; None when it is no amount."""
    try:
        value = Decimal(str(amount)) * (1 if str(currency).upper() in ZERO_DECIMAL_CURRENCIES else 100)
        return int(value) if 0 <= value <= LARGEST_INTEGER and value == value.to_integral_value() else None
    except (ArithmeticError, ValueError):
        # Decimal knows NaN, infinity and a billion digits.
        return None


def commerce_properties(event_name: str, given: Values) -> dict[str, Any]:
    """Properties as the catalogue names them, beside those that were given."""
    wanted = {
        "search.performed": {
            "query": first(given, "query", "search_term"),
            "result_count": given.get("result_count", 0),
        },
        "category.browsed": {"category": first(given, "category", "item_list_name")},
        "prompt.clicked": {"receipt_id": first(given, "receipt_id", "list_id", "item_list_id")},
        "checkout.started": {"order_id": first(given, "order_id", "checkout_id", "transaction_id")},
    }.get(event_name, {})
    if event_name in ("order.paid", "order.refunded"):
        currency = first(given, "currency")
        wanted = {
            "order_id": first(given, "order_id", "transaction_id"),
            "amount_cents": cents(first(given, "total", "revenue", "value"), currency),
            "currency": currency,
        }
    return {**given, **{name: value for name, value in wanted.items() if value is not None}}
