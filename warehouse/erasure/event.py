"""What is left of an event when the person in it is erased: that it happened, and nothing about whom.

A blanked event stays counted, so the figures of sellers don't change because somebody left. It is marked as of somebody
who was known: a click that was none of the list's reader's must not become anybody's.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# What of each event says nothing about a person. Free text, such as what somebody searched for, is not among it, and of
# events outside the catalogue nothing is.
IMPERSONAL: Mapping[str, tuple[str, ...]] = {
    "results.served": (
        "surface", "policy_version", "publication_id", "segment", "sort", "match", "receipt_id", "items",
    ),
    "search.performed": ("result_count",),
    "category.browsed": ("category",),
    "prompt.clicked": ("position", "receipt_id"),
    "prompt.viewed": ("dwell_ms",),
    "checkout.started": ("order_id",),
    "order.paid": ("order_id", "amount_cents", "currency", "receipt_id"),
    "order.refunded": ("order_id", "refund_id", "amount_cents", "currency", "reason"),
    "prompt.rendered": ("version",),
    "prompt.executed": ("version",),
    "review.submitted": ("rating",),
    "api.requested": ("method", "route", "status", "duration_ms"),
}  # fmt: skip
# The facts of an order are about money: they stay its organization's.
MONEY_PREFIX = "order."
PERSONAL_COLUMNS = ("user_id", "anonymous_id", "session_id", "request_id")
# The mark. It is the same on a list and on the same person's clicks in it, which the receipt tells anyway, and nowhere
# else; and nobody can make it once the id of the user is gone.
MARK = "erased_sender"
MARK_OF_SQL = """encode(
    sha256(
        convert_to(
            %(user_id)s || E'\\x1f' || coalesce(properties ->> 'receipt_id', source || E'\\x1f' || event_id), 'UTF8'
        )
    ),
    'hex'
)"""


def mark_of(user_id: str, event: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    """What `MARK_OF_SQL` makes of an event of this user."""
    receipt_id = properties.get("receipt_id")
    if receipt_id is None:
        about = f"{event['source']}\x1f{event['event_id']}"
    else:
        about = receipt_id if isinstance(receipt_id, str) else json.dumps(receipt_id, separators=(", ", ": "))
    return hashlib.sha256(f"{user_id}\x1f{about}".encode()).hexdigest()


def impersonal_properties(event_name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that may stay."""
    kept = IMPERSONAL.get(event_name, ())
    return {name: value for name, value in properties.items() if name in kept}


def kept_names_sql() -> str:
    """SQL for the names of the properties that may stay of the event in `event_name`; constants of this file alone."""
    cases = " ".join(
        f"when '{event_name}' then string_to_array('{','.join(names)}', ',')"
        for event_name, names in IMPERSONAL.items()
    )
    return f"case event_name {cases} else array[]::text[] end"
