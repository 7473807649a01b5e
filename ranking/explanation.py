"""Explanations: the contributions of a score as sentences for buyers and sellers."""

from collections.abc import Iterable

from ranking.policy import Component
from ranking.scoring import Contribution


def explain(contributions: Iterable[Contribution]) -> list[str]:
    """One sentence per contribution, the largest in size first, each ending with what it adds to the score.

    Equal sizes keep the order of their components' names. A component this version no longer knows, as an old receipt
    may hold, is named without its reasons.
    """
    ordered = sorted(contributions, key=lambda part: (-abs(part["contribution"]), part["component"]))
    return [f"{_reason(part)}: {part['contribution']:+.3f}" for part in ordered]


def _reason(part: Contribution) -> str:
    value, reference = part["value"], part["reference"]
    match part["component"]:
        case Component.DEMAND:
            return f"Recent orders less refunds come to {_number(value)}, older ones counting less"
        case Component.MOMENTUM:
            return _momentum(value, reference)
        case Component.CLICK_THROUGH:
            return _rate("Buyers who saw it clicked", value, reference)
        case Component.CONVERSION:
            return _rate("Buyers who opened it bought", value, reference)
        case Component.REFUND_PENALTY:
            return _rate("Buyers who bought it were refunded", value, reference)
        case Component.FRESHNESS:
            return f"Published {_number(value)} days ago (freshness halves every {_number(reference)} days)"
        case unknown:
            return f"Component '{unknown}' with value {_number(value)}"


def _rate(sentence: str, value: float, marketplace: float) -> str:
    # A prompt without evidence has exactly the marketplace's rate: claim nothing about its buyers.
    if value == marketplace:
        return f"{sentence} as often as on average for want of evidence (marketplace {_percent(marketplace)})"
    return f"{sentence} {_percent(value)} of the time (marketplace {_percent(marketplace)})"


def _momentum(recent: float, lasting: float) -> str:
    if recent == lasting == 0:
        return "No orders to see a trend in"
    return f"Sold {_number(recent)} a day lately, {_number(lasting)} a day over the longer run"


def _percent(share: float) -> str:
    """A share with one decimal, or two significant digits where one decimal would hide it."""
    percent = share * 100
    return f"{percent:.1f} %" if percent >= 1 or percent == 0 else f"{percent:.2g} %"


def _number(value: float) -> str:
    """A figure with one decimal, or two significant digits where one decimal would hide it."""
    return f"{value:.1f}" if value >= 1 or value == 0 else f"{value:.2g}"
