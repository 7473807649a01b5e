"""Keys for one purpose each, made from one secret, so that none of them can stand in for another."""

import hashlib
import hmac


def derive_key(secret: str, purpose: str) -> bytes:
    """32 bytes. One block of HKDF-Expand (RFC 5869, 2.3), the secret being long and random already."""
    return hmac.new(secret.encode(), purpose.encode() + b"\x01", hashlib.sha256).digest()
