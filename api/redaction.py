"""Keeps secrets out of what is written down: by the name of a field, and by what a secret looks like."""

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "[redacted]"
SECRET_NAMES = re.compile(
    r"passw|secret|token|authorization|api_?key|cookie|credential|pepper|signature|\botp\b|totp|client_secret|dsn", re.I
)
# Names that hold such a word and no secret.
HARMLESS_NAMES = frozenset({"token_type", "idempotency_key", "account_key", "key_id", "token_id", "credential_id"})
SECRETS = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+"  # JSON Web Tokens
    r"|pmk_[0-9A-Za-z]{12}_[0-9A-Za-z]+"  # API keys of ours
    r"|\b(?:sk|rk|pk)_(?:test|live)_\w+|\bwhsec_\w+|\b(?:pi|seti)_\w+_secret_\w+"  # Stripe's
    r"|(?i:\b(?:bearer|basic)\s+[\w.+/=~-]{8,})"
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"  # passwords in URLs
    r"|(?<![\w-])[A-Za-z0-9_-]{43,}(?![\w-])"  # 256 bits of anything, such as the tokens in mails
)
# A frame of a reported stack trace is seven deep.
DEPTH_MAX = 10


def redact_text(text: str) -> str:
    """The text, without what looks like a secret."""
    return SECRETS.sub(REDACTED, text)


def redact(value: Any, *, name: str = "", depth: int = 0) -> Any:
    """A value as it may be written down. Bytes never are: they are bodies."""
    if name and name not in HARMLESS_NAMES and SECRET_NAMES.search(name) and not isinstance(value, bool | int | float):
        return REDACTED if value else value
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    if depth >= DEPTH_MAX:
        return value if isinstance(value, bool | int | float | None) else REDACTED
    if isinstance(value, Mapping):
        return {key: redact(each, name=str(key), depth=depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(each, name=name, depth=depth + 1) for each in value]
    return value


def redact_line(_logger: Any, _method: str, line: Any) -> Any:
    """A processor of structlog."""
    return {key: each if key in {"level", "timestamp"} else redact(each, name=key) for key, each in line.items()}
