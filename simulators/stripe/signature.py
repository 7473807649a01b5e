"""Signs webhooks the way Stripe does.

Formula: hex(HMAC-SHA256(secret, "<epoch seconds>.<raw body>")), https://docs.stripe.com/webhooks#verify-manually.
"""

import hashlib
import hmac


def sign(payload: bytes, secret: str, timestamp: int) -> str:
    """The value of the ``Stripe-Signature`` header for a body sent at ``timestamp`` (epoch seconds)."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
