"""Object ids that look like Stripe's: a prefix that tells the kind, then random letters and digits."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """A fresh id such as ``pi_4f...``, with ``length`` random characters after the prefix."""
    return f"{prefix}_{random_text(length)}"


def random_text(length: int) -> str:
    """Unguessable letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
