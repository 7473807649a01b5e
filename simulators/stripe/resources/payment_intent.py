"""Payment intents: a payment from its plan to its end, https://docs.stripe.com/payments/paymentintents/lifecycle."""

from typing import Literal

from pydantic import Field

from simulators.stripe.call import Call
from simulators.stripe.error import CardDeclined, InvalidParameter, InvalidRequest, JsonObject
from simulators.stripe.identifier import new_id, random_text
from simulators.stripe.kind import Kind, Resource, Route
from simulators.stripe.object_store import equals
from simulators.stripe.parameter import (
    Amount,
    Boolean,
    Currency,
    Email,
    ListParameters,
    Metadata,
    NoParameters,
    Parameters,
    Reference,
    Texts,
    parse,
)
from simulators.stripe.resources import charge, payment_method
from simulators.stripe.resources.payment_method import AUTHENTICATION_REQUIRED, Decline

KIND = Kind("payment_intent", frozenset({"customer", "latest_charge", "payment_method"}))

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")

AUTHENTICATION_FAILED = Decline(
    "payment_intent_authentication_failure",
    None,
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new "
    "PaymentMethod to attempt to fulfill this PaymentIntent again.",
)


class AutomaticPaymentMethods(Parameters):
    """Lets Stripe choose the ways to pay; here that is always a card."""

    enabled: Boolean
    allow_redirects: Literal["always", "never"] = "always"


class ConfirmParameters(Parameters):
    """Body of a confirmation."""

    payment_method: Reference | None = None
    off_session: Boolean | None = None
    error_on_requires_action: Boolean = False
    return_url: Reference | None = None
    receipt_email: Email | None = None
    setup_future_usage: Literal["off_session", "on_session"] | None = None


class CreateParameters(ConfirmParameters):
    """Body of a creation, with what a confirmation takes for ``confirm=true``."""

    amount: Amount
    currency: Currency
    confirm: Boolean = False
    customer: Reference | None = None
    description: str | None = None
    metadata: Metadata = Field(default_factory=dict)
    transfer_group: str | None = None
    statement_descriptor: str | None = None
    statement_descriptor_suffix: str | None = None
    payment_method_types: Texts | None = None
    automatic_payment_methods: AutomaticPaymentMethods | None = None
    capture_method: Literal["automatic"] = "automatic"
    confirmation_method: Literal["automatic", "manual"] = "automatic"


class CancelParameters(Parameters):
    """Body of a cancellation."""

    cancellation_reason: Literal["abandoned", "duplicate", "fraudulent", "requested_by_customer"] | None = None


class FilterParameters(ListParameters):
    """Query of the list."""

    customer: Reference | None = None


def create(call: Call) -> JsonObject:
    """Plan a payment, and with ``confirm=true`` attempt it at once."""
    given = parse(CreateParameters, call.params)
    _check_combination(given)
    if given.customer is not None:
        call.referenced("customer", given.customer, param="customer")
    intent = _draft(call, given)
    if given.payment_method is not None:
        method = payment_method.resolve(call, given.payment_method)
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    call.objects.insert(intent)
    call.emit("payment_intent.created", intent)
    if given.confirm:
        _attempt(call, intent, given)
    return intent


def _check_combination(given: CreateParameters) -> None:
    if given.off_session is not None and not given.confirm:
        raise InvalidParameter("off_session can only be given together with confirm=true.", param="off_session")
    if given.confirm and given.payment_method is None:
        raise InvalidParameter(
            "You cannot confirm this PaymentIntent because it's missing a payment method. Give a payment_method, or "
            "create it without confirm=true and confirm it later.",
            code="parameter_missing",
            param="payment_method",
        )
    if given.payment_method_types is not None and given.payment_method_types != ["card"]:
        raise InvalidParameter(
            "Invalid payment_method_types: the simulator knows card only.", param="payment_method_types"
        )


def _draft(call: Call, given: CreateParameters) -> JsonObject:
    intent_id = new_id("pi")
    automatic = given.automatic_payment_methods
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": given.amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None if automatic is None else automatic.model_dump(),
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": given.capture_method,
        "client_secret": f"{intent_id}_secret_{random_text(25)}",
        "confirmation_method": given.confirmation_method,
        "created": call.now,
        "currency": given.currency,
        "customer": given.customer,
        "description": given.description or None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": given.metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": given.receipt_email or None,
        "review": None,
        "setup_future_usage": given.setup_future_usage,
        "shipping": None,
        "source": None,
        "statement_descriptor": given.statement_descriptor or None,
        "statement_descriptor_suffix": given.statement_descriptor_suffix or None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": given.transfer_group or None,
    }


def confirm(call: Call) -> JsonObject:
    """Attempt the payment, with the payment method given now or before."""
    given = parse(ConfirmParameters, call.params)
    intent = call.subject("payment_intent", param="intent")
    _require_status(intent, CONFIRMABLE, verb="confirm", participle="confirmed")
    if given.payment_method is not None:
        method = payment_method.resolve(call, given.payment_method)
        intent["payment_method"] = method["id"]
    if intent["payment_method"] is None:
        raise _unexpected_state(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. Confirm it again with a "
            "payment_method.",
        )
    for name in ("receipt_email", "setup_future_usage"):
        intent[name] = getattr(given, name) or intent[name]
    _attempt(call, intent, given)
    return intent


def _attempt(call: Call, intent: JsonObject, given: ConfirmParameters) -> None:
    """Charge the card as it behaves. Raises ``CardDeclined`` after writing the failed attempt down."""
    method = call.referenced("payment_method", intent["payment_method"], param="payment_method")
    card = payment_method.card_of(method)
    intent |= {"last_payment_error": None, "next_action": None}
    if card.decline is not None:
        raise _decline(call, intent, method, card.decline)
    if not card.needs_authentication:
        _succeed(call, intent, method)
    elif given.off_session or given.error_on_requires_action:
        # Nobody is there to authenticate, so the bank's demand is a decline.
        raise _decline(call, intent, method, AUTHENTICATION_REQUIRED)
    else:
        _ask_for_authentication(call, intent)


def _succeed(call: Call, intent: JsonObject, method: JsonObject) -> None:
    paid = charge.succeed(call, intent, method)
    intent |= {
        "amount_received": intent["amount"],
        "latest_charge": paid["id"],
        "next_action": None,
        "status": "succeeded",
    }
    call.objects.update(intent)
    call.emit("payment_intent.succeeded", intent)


def _decline(call: Call, intent: JsonObject, method: JsonObject, decline: Decline) -> CardDeclined:
    failed = charge.fail(call, intent, method, decline)
    more: JsonObject = {"charge": failed["id"]}
    if decline.decline_code is not None:
        more["decline_code"] = decline.decline_code
    _return_to_payment_method(intent, method, decline, more)
    intent["latest_charge"] = failed["id"]
    call.objects.update(intent)
    call.emit("payment_intent.payment_failed", intent)
    return CardDeclined(decline.message, code=decline.code, payment_intent=intent, payment_method=method, **more)


def _return_to_payment_method(intent: JsonObject, method: JsonObject, decline: Decline, more: JsonObject) -> None:
    reason = CardDeclined(decline.message, code=decline.code, payment_method=method, **more)
    intent |= {
        "last_payment_error": reason.body()["error"],
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }


def _ask_for_authentication(call: Call, intent: JsonObject) -> None:
    # There is no bank's page to redirect to, so a return_url changes nothing: see `authenticate`.
    action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    intent |= {"next_action": action, "status": "requires_action"}
    call.objects.update(intent)
    call.emit("payment_intent.requires_action", intent)


def authenticate(call: Call, *, is_authentic: bool) -> JsonObject:
    """What the buyer does in the browser after ``requires_action``: pass the bank's check, or fail it."""
    intent = call.subject("payment_intent", param="intent")
    _require_status(intent, ("requires_action",), verb="authenticate", participle="authenticated")
    method = call.referenced("payment_method", intent["payment_method"], param="payment_method")
    if is_authentic:
        _succeed(call, intent, method)
        return intent
    _return_to_payment_method(intent, method, AUTHENTICATION_FAILED, {})
    call.objects.update(intent)
    call.emit("payment_intent.payment_failed", intent)
    return intent


def cancel(call: Call) -> JsonObject:
    """Give the payment up."""
    given = parse(CancelParameters, call.params)
    intent = call.subject("payment_intent", param="intent")
    _require_status(intent, CANCELABLE, verb="cancel", participle="canceled")
    intent |= {
        "canceled_at": call.now,
        "cancellation_reason": given.cancellation_reason,
        "next_action": None,
        "status": "canceled",
    }
    call.objects.update(intent)
    call.emit("payment_intent.canceled", intent)
    return intent


def _require_status(intent: JsonObject, allowed: tuple[str, ...], *, verb: str, participle: str) -> None:
    if intent["status"] not in allowed:
        raise _unexpected_state(
            intent,
            f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            f"with one of the following statuses may be {participle}: {', '.join(allowed)}.",
        )


def _unexpected_state(intent: JsonObject, message: str) -> InvalidRequest:
    return InvalidRequest(message, code="payment_intent_unexpected_state", payment_intent=intent)


def retrieve(call: Call) -> JsonObject:
    """Answer one payment intent."""
    parse(NoParameters, call.params)
    return call.subject("payment_intent", param="intent")


def list_all(call: Call) -> JsonObject:
    """Answer a page of payment intents."""
    query = parse(FilterParameters, call.params)
    return call.as_list(call.objects.page("payment_intent", query, equals("customer", query.customer)))


RESOURCE = Resource(
    KIND,
    (
        Route("POST", "/v1/payment_intents", create),
        Route("GET", "/v1/payment_intents", list_all),
        Route("GET", "/v1/payment_intents/{id}", retrieve),
        Route("POST", "/v1/payment_intents/{id}/confirm", confirm),
        Route("POST", "/v1/payment_intents/{id}/cancel", cancel),
    ),
)
