"""Payment methods: Stripe's test cards, each with the behaviour its name promises.

See https://docs.stripe.com/testing#cards. A name such as ``pm_card_visa`` stands for a card that is made when it is
used, so the payment intent shows an id of its own, and that id can be used again.
"""

from dataclasses import dataclass

from simulators.stripe.call import Call
from simulators.stripe.error import JsonObject, ReferenceMissing
from simulators.stripe.identifier import new_id
from simulators.stripe.kind import Kind, Resource, Route
from simulators.stripe.parameter import NoParameters, parse

KIND = Kind("payment_method")


@dataclass(frozen=True)
class Decline:
    """Why a card is not charged, as the API says it."""

    code: str
    decline_code: str | None
    message: str


@dataclass(frozen=True)
class Card:
    """A card and what happens when it is charged."""

    brand: str
    last4: str
    decline: Decline | None = None
    needs_authentication: bool = False


AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)

_DECLINED = "Your card was declined."
_GENERIC = Card("visa", "0002", Decline("card_declined", "generic_decline", _DECLINED))
_INSUFFICIENT = Card(
    "visa", "9995", Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
)
_LOST = Card("visa", "9987", Decline("card_declined", "lost_card", _DECLINED))
_STOLEN = Card("visa", "9979", Decline("card_declined", "stolen_card", _DECLINED))
_EXPIRED = Card("visa", "0069", Decline("expired_card", None, "Your card has expired."))
_INCORRECT_CVC = Card("visa", "0127", Decline("incorrect_cvc", None, "Your card's security code is incorrect."))
_PROCESSING = Card(
    "visa",
    "0119",
    Decline("processing_error", None, "An error occurred while processing your card. Try again in a little bit."),
)

# Stripe renamed the declining cards to pm_card_visa_...; both names are in use.
TEST_CARDS: dict[str, Card] = {
    "pm_card_visa": Card("visa", "4242"),
    "pm_card_mastercard": Card("mastercard", "4444"),
    "pm_card_amex": Card("amex", "8431"),
    "pm_card_authenticationRequired": Card("visa", "3184", needs_authentication=True),
    **{
        f"{prefix}{name}": card
        for prefix in ("pm_card_", "pm_card_visa_")
        for name, card in {
            "chargeDeclined": _GENERIC,
            "chargeDeclinedInsufficientFunds": _INSUFFICIENT,
            "chargeDeclinedLostCard": _LOST,
            "chargeDeclinedStolenCard": _STOLEN,
            "chargeDeclinedExpiredCard": _EXPIRED,
            "chargeDeclinedIncorrectCvc": _INCORRECT_CVC,
            "chargeDeclinedProcessingError": _PROCESSING,
        }.items()
    },
}

_BY_LAST4 = {card.last4: card for card in TEST_CARDS.values()}


def resolve(call: Call, reference: str) -> JsonObject:
    """The payment method a parameter names: an id handed out before, or the name of a test card."""
    if reference in TEST_CARDS:
        return _create(call, TEST_CARDS[reference])
    found = call.objects.get("payment_method", reference)
    if found is None:
        hint = f". The simulator's test cards are {', '.join(TEST_CARDS)}."
        raise ReferenceMissing("PaymentMethod", reference, param="payment_method", hint=hint)
    return found


def card_of(payment_method: JsonObject) -> Card:
    """How the card behind a payment method behaves."""
    return _BY_LAST4[payment_method["card"]["last4"]]


def _create(call: Call, card: Card) -> JsonObject:
    payment_method: JsonObject = {
        "id": new_id("pm"),
        "object": "payment_method",
        "billing_details": {"address": None, "email": None, "name": None, "phone": None},
        "card": {
            "brand": card.brand,
            "country": "US",
            "exp_month": 12,
            "exp_year": 2040,
            "fingerprint": f"simulator{card.brand}{card.last4}",
            "funding": "credit",
            "last4": card.last4,
        },
        "created": call.now,
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    call.objects.insert(payment_method)
    return payment_method


def retrieve(call: Call) -> JsonObject:
    """Answer one payment method."""
    parse(NoParameters, call.params)
    return call.subject("payment_method", param="payment_method")


RESOURCE = Resource(KIND, (Route("GET", "/v1/payment_methods/{id}", retrieve),))
