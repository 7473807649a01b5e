"""Explanations: the contributions of a score as sentences for buyers and sellers."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from ranking.policy import Component

if TYPE_CHECKING:
    # Explaining needs no data frames, and who explains need not load the library for them.
    from ranking.scoring import Contribution


def explain(contributions: Iterable["Contribution"]) -> list[str]:
    """One sentence per contribution, the largest in size first, each ending with what it adds to the score.

    Equal sizes keep the order of their components' names. A component this version no longer knows, as an old receipt
    may hold, is named without its reasons.
    """
    ordered = sorted(contributions, key=lambda part: (-abs(part["contribution"]), part["component"]))
    return [f"{_reason(part)}: {part['contribution']:+.3f}" for part in ordered]


def _reason(part: "Contribution") -> str:
    sentence = _SENTENCES.get(part["component"])
    if sentence is None:
        return f"Component '{part['component']}' with value {_number(part['value'])}"
    return sentence(part["value"], part["reference"])


def _demand(orders: float, full_signal_orders: float) -> str:
    return (
        f"Recent orders less refunds come to {_number(orders)}, older ones counting less "
        f"({full_signal_orders:,.0f} would earn the full mark)"
    )


def _momentum(recent: float, lasting: float) -> str:
    if recent == lasting == 0:
        return "No orders to see a trend in"
    return f"Sold {_number(recent)} a day lately, {_number(lasting)} a day over the longer run"


def _freshness(age_days: float, half_life_days: float) -> str:
    return f"Published {_number(age_days)} days ago (freshness halves every {_number(half_life_days)} days)"


def _rate(name: str, sentence: str, value: float, marketplace: float) -> str:
    # A prompt without evidence has exactly the marketplace's rate: claim nothing about its buyers.
    if value == marketplace:
        return f"Its {name} is not known yet, so that of the marketplace is assumed ({_percent(marketplace)})"
    return f"{sentence} about {_percent(value)} of the time (marketplace {_percent(marketplace)})"


def _percent(share: float) -> str:
    """A share of one as a percentage."""
    return f"{_number(share * 100)} %"


def _number(value: float) -> str:
    """A figure with one decimal, or two significant digits where one decimal would hide it."""
    return f"{value:.1f}" if value >= 1 or value == 0 else f"{value:#.2g}"


_SENTENCES: dict[str, Callable[[float, float], str]] = {
    Component.DEMAND: _demand,
    Component.MOMENTUM: _momentum,
    Component.CLICK_THROUGH: partial(_rate, "click-through rate", "Buyers who saw it clicked"),
    Component.CONVERSION: partial(_rate, "conversion rate", "Buyers who opened it bought"),
    Component.REFUND_PENALTY: partial(_rate, "refund share", "Buyers who bought it were refunded"),
    Component.FRESHNESS: _freshness,
}
