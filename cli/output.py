"""What commands print."""

import json
from datetime import datetime

MANAGE, MONITOR, EXPORT = "cli/manage.py", "cli/monitor.py", "cli/export.py"


def examples(*lines: str, program: str = MANAGE) -> str:
    """The end of a command's help. The mark in front keeps click from joining the lines."""
    return "\n".join(["\b", "Examples:", *(f"  python {program} {line}" for line in lines)])


def to_json(value: object) -> str:
    """JSON as the commands report it; times as RFC 3339, ids as text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=_plain)


def one_line(text: str) -> str:
    """Text from a file as a terminal may show it: what would move the cursor or change colours is written out."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
