"""Shows that a message comes from Stripe, and that it was sent just now."""

import time
from typing import Any

import stripe

from api.schema import check_text
from api.webhooks.errors import MessageMalformed, SignatureInvalid

# Stripe's own default. Stripe signs anew when it repeats a message, so an older signature is somebody else's replay.
TOLERANCE_SECONDS = 300


def read_signed(body: bytes, header: str | None, secret: str) -> dict[str, Any]:
    """The event in a signed body. Raises `SignatureInvalid` and `MessageMalformed`."""
    if header is None:
        raise SignatureInvalid("it carries no Stripe-Signature header")
    # The SDK compares signatures as text, which Python refuses for anything but ASCII.
    if not header.isascii():
        raise SignatureInvalid("its Stripe-Signature header is malformed")
    try:
        event = stripe.Webhook.construct_event(body, header, secret, tolerance=TOLERANCE_SECONDS)
    except stripe.SignatureVerificationError as error:
        raise SignatureInvalid(
            f"its signature is wrong, or older than {TOLERANCE_SECONDS} seconds. Secret and clock must be the same on "
            "both sides"
        ) from error
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise MessageMalformed("it is not a JSON object") from error
    if _signed_at(header) > time.time() + TOLERANCE_SECONDS:
        # The SDK looks for old ones only.
        raise SignatureInvalid("it was signed in the future. The clocks on both sides must agree")
    try:
        found: dict[str, Any] = check_text(event.to_dict())
    except (ValueError, RecursionError) as error:
        raise MessageMalformed("it holds text that can't be stored, or is nested too deep") from error
    if not _is_event(found):
        raise MessageMalformed("it has no id, type or data.object")
    return found


def _signed_at(header: str) -> int:
    """The time in a header that was found good."""
    return int(next(part for part in header.split(",") if part.startswith("t="))[2:])


def _is_event(found: dict[str, Any]) -> bool:
    data = found.get("data")
    return (
        isinstance(found.get("id"), str)
        and isinstance(found.get("type"), str)
        and isinstance(data, dict)
        and isinstance(data.get("object"), dict)
    )
