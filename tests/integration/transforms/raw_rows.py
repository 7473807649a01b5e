"""Rows of raw tables as the load writes them, with only what a test cares about to be said."""

from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]

ORGANIZATIONS = "raw_app.organizations"
ORGANIZATION_STATES = "raw_app.organization_states"
PROMPTS = "raw_app.prompts"
PROMPT_STATES = "raw_app.prompt_states"
PROMPT_VERSIONS = "raw_app.prompt_versions"
USERS = "raw_app.users"
ORDERS = "raw_app.orders"
REFUNDS = "raw_app.refunds"
REVIEWS = "raw_app.reviews"
BOOKINGS = "raw_stripe.balance_transactions"
EVENTS = "raw_events.events"

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def organization(organization_id: str, **columns: Any) -> Row:
    """A company that registered."""
    row = {"organization_id": organization_id, "name": organization_id.title(), "is_imported": False}
    return row | {"created_at": LONG_AGO, "updated_at": LONG_AGO} | columns


def prompt(prompt_id: str, seller_organization_id: str, **columns: Any) -> Row:
    """A published prompt for 5.00 GBP."""
    row = {
        "prompt_id": prompt_id, "seller_organization_id": seller_organization_id, "title": prompt_id.title(),
        "category": "writing", "price_cents": 500, "currency": "GBP", "status": "published", "current_version": 1,
        "published_at": LONG_AGO, "created_at": LONG_AGO, "updated_at": LONG_AGO,
    }  # fmt: skip
    return row | columns


def prompt_state(prompt_id: str, number: int, valid_from: datetime, **columns: Any) -> Row:
    """What a prompt was from a moment on."""
    row = {
        "prompt_id": prompt_id, "number": number, "title": prompt_id.title(), "category": "writing", "price_cents": 500,
        "currency": "GBP", "status": "published", "current_version": 1, "valid_from": valid_from,
    }  # fmt: skip
    return row | columns


def organization_state(organization_id: str, number: int, valid_from: datetime, name: str) -> Row:
    """What a company was called from a moment on."""
    return {"organization_id": organization_id, "number": number, "name": name, "valid_from": valid_from}


def prompt_version(prompt_id: str, version: int, created_at: datetime) -> Row:
    """A version of a prompt."""
    return {
        "prompt_version_id": f"{prompt_id} {version}", "prompt_id": prompt_id, "version": version,
        "template_length": 100 * version, "created_at": created_at,
    }  # fmt: skip


def user(user_id: str, **columns: Any) -> Row:
    """Somebody of the buying company."""
    row = {"user_id": user_id, "organization_id": "buyers", "role": "buyer", "is_active": True}
    return row | {"created_at": LONG_AGO, "updated_at": LONG_AGO} | columns


def order(order_id: str, prompt_id: str, buyer_user_id: str, paid_at: datetime | None, **columns: Any) -> Row:
    """An order of 5.00 GBP, paid through Stripe for a fee of 0.34 unless `paid_at` is None."""
    row = {
        "order_id": order_id, "prompt_id": prompt_id, "prompt_version": 1, "buyer_organization_id": "buyers",
        "buyer_user_id": buyer_user_id, "seller_organization_id": "sellers", "amount_cents": 500, "currency": "GBP",
        "fee_cents": 34, "status": "pending" if paid_at is None else "paid", "provider": "stripe", "receipt_id": None,
        "stripe_payment_intent_id": f"pi of {order_id}", "paid_at": paid_at, "created_at": LONG_AGO,
        "updated_at": LONG_AGO,
    }  # fmt: skip
    return row | columns


def refund(refund_id: str, order_id: str, refunded_at: datetime | None, **columns: Any) -> Row:
    """A refund of 2.00 GBP, succeeded unless `refunded_at` is None."""
    row = {
        "refund_id": refund_id, "order_id": order_id, "amount_cents": 200, "currency": "GBP",
        "status": "pending" if refunded_at is None else "succeeded", "reason": "requested_by_customer",
        "stripe_refund_id": f"re of {refund_id}", "refunded_at": refunded_at, "created_at": LONG_AGO,
        "updated_at": LONG_AGO,
    }  # fmt: skip
    return row | columns


def booking(booking_id: str, order_id: str, booked_at: datetime, **columns: Any) -> Row:
    """Stripe's booking of a payment of 5.00 GBP for a fee of 0.34; `source_*` and `net_cents` follow from the rest."""
    row = {
        "balance_transaction_id": booking_id, "type": "charge", "reporting_category": "charge", "amount_cents": 500,
        "fee_cents": 34, "currency": "GBP", "source_id": f"ch of {order_id}", "source_object": "charge",
        "payment_intent_id": f"pi of {order_id}", "booked_at": booked_at, "available_at": booked_at,
    }  # fmt: skip
    row |= columns
    known = {"source_amount_cents": row["amount_cents"], "source_currency": row["currency"]}
    return known | row | {"net_cents": row["amount_cents"] - row["fee_cents"]}


def booked_refund(booking_id: str, order_id: str, refund_id: str, booked_at: datetime, **columns: Any) -> Row:
    """Stripe's booking of a refund of 2.00 GBP; it keeps its fee."""
    row = {
        "type": "refund", "reporting_category": "refund", "amount_cents": -200, "fee_cents": 0,
        "source_id": f"re of {refund_id}", "source_object": "refund",
    }  # fmt: skip
    return booking(booking_id, order_id, booked_at, **(row | columns))


def review(review_id: str, prompt_id: str, **columns: Any) -> Row:
    """A good review by the buying company."""
    row = {
        "review_id": review_id, "prompt_id": prompt_id, "organization_id": "buyers", "user_id": "ann", "rating": 4,
        "text_length": 12, "hidden_at": None, "created_at": LONG_AGO, "updated_at": LONG_AGO,
    }  # fmt: skip
    return row | columns


def event(event_id: str, event_name: str, occurred_at: datetime, properties: Row, **columns: Any) -> Row:
    """An event of the marketplace itself, received when it happened."""
    row = {
        "source": "api", "event_id": event_id, "event_name": event_name, "schema_version": 1,
        "occurred_at": occurred_at, "received_at": occurred_at, "properties": properties,
    }  # fmt: skip
    return row | columns


def served(event_id: str, served_at: datetime, receipt_id: str, prompt_ids: list[str], **columns: Any) -> Row:
    """A served list; its items stand at 1, 2, 3 …"""
    items = [
        {
            "prompt_id": prompt_id,
            "version": 2,
            "position": place,
            "score": 1.5 / place,
            "propensity": 0.5,
            "is_exploration": False,
        }
        for place, prompt_id in enumerate(prompt_ids, start=1)
    ]
    properties = {"surface": "top", "policy_version": "baseline@1", "receipt_id": receipt_id, "items": items}
    if "query" in columns:
        properties |= {"surface": "search", "query": columns.pop("query")}
    return event(event_id, "results.served", served_at, properties, session_id="visit", **columns)


def clicked(event_id: str, clicked_at: datetime, receipt_id: str, prompt_id: str, **columns: Any) -> Row:
    """A buyer's click on a served item, as the buyer's client sends it."""
    position = columns.pop("position", 1)
    identity = {"source": "client:buyers", "prompt_id": prompt_id, "organization_id": "buyers", "user_id": "ann"}
    properties = {"receipt_id": receipt_id, "position": position}
    return event(event_id, "prompt.clicked", clicked_at, properties, **(identity | columns))


def viewed(event_id: str, viewed_at: datetime, prompt_id: str, **columns: Any) -> Row:
    """A view of a prompt's page."""
    identity = {"source": "client:buyers", "prompt_id": prompt_id, "session_id": f"visit of {event_id}"}
    return event(event_id, "prompt.viewed", viewed_at, {"dwell_ms": 1200}, **(identity | columns))


def searched(event_id: str, searched_at: datetime, **columns: Any) -> Row:
    """A search."""
    properties = {"query": columns.pop("query", "essay"), "result_count": columns.pop("result_count", 3)}
    return event(event_id, "search.performed", searched_at, properties, **columns)


def ran(event_id: str, ran_at: datetime, prompt_id: str, *, is_executed: bool = False, **columns: Any) -> Row:
    """A use of a bought prompt."""
    properties = {"version": 2, "gen_ai.request.model": "m-1", "gen_ai.usage.input_tokens": 40}
    name = "prompt.executed" if is_executed else "prompt.rendered"
    return event(event_id, name, ran_at, properties, prompt_id=prompt_id, **columns)


def checkout(event_id: str, started_at: datetime, order_id: str, prompt_id: str | None, **columns: Any) -> Row:
    """A started checkout; the order it names may be all that tells its prompt."""
    return event(event_id, "checkout.started", started_at, {"order_id": order_id}, prompt_id=prompt_id, **columns)
