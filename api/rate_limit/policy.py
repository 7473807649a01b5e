"""Which limits there are. Everything that hashes, mails or guesses is limited by address and by account."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from limits import RateLimitItem, parse

# What the counter of every limit begins with in Redis, where others keep things too.
COUNTERS = "limit:"
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Of one caller on one route, times RATE_LIMIT_MULTIPLIER.
READS = "3000/minute"
WRITES = "600/minute"
# Of routes that compute over many rows for each request (`api.routing.limited`).
FIGURES = "120/minute"
EXPORTS = "10/minute"

Action = Literal["login", "register", "refresh", "password reset", "verification", "invitation"]


@dataclass(frozen=True)
class CredentialPolicy:
    """How often an action may be tried from one address and for one account; times LOGIN_RATE_LIMIT_MULTIPLIER."""

    by_address: str
    by_account: str
    # Whether it goes on while attempts can't be counted.
    is_open_uncounted: bool = False


# Hashing takes about 0.3 s of a core: that bounds what one address can burn. Ten wrong passwords a minute are too few
# to guess one that is not common, and a minute is short for an owner somebody else locked out; sessions go on.
CREDENTIAL_POLICIES: dict[Action, CredentialPolicy] = {
    "login": CredentialPolicy("300/minute", "10/minute"),
    "register": CredentialPolicy("120/minute", "20/minute"),
    # Nobody guesses a signature: the limit bounds what a program that went wrong can write. Who is logged in goes on.
    "refresh": CredentialPolicy("300/minute", "60/minute", is_open_uncounted=True),
    "password reset": CredentialPolicy("60/minute", "5/minute"),
    "verification": CredentialPolicy("120/minute", "10/minute"),
    "invitation": CredentialPolicy("120/minute", "20/minute"),
}


@cache
def scaled(limit: str, multiplier: float, namespace: str) -> RateLimitItem:
    """The limit, times a number, counted apart from those of other namespaces."""
    item = parse(limit)
    return type(item)(max(1, round(item.amount * multiplier)), item.multiples, namespace=f"{COUNTERS}{namespace}")


def route_limit(method: str) -> str:
    """The limit of one caller on a route."""
    return READS if method in READING_METHODS else WRITES
