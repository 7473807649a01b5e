"""Figures as people read them."""

from datetime import date, datetime
from decimal import Decimal

from warehouse.currencies import minor_units
from warehouse.marts import DateRange, PerformanceTotals, Publication
from warehouse.metrics import wilson_interval

NOTHING = "–"
SYMBOLS = {"EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"}
# Characters that Streamlit's Markdown gives a meaning.
MARKDOWN_CHARACTERS = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]()<>#+-.!|~$:"})


def plain(text: str) -> str:
    """A text that Markdown shows as it is, on one line: the title of a prompt may hold anything."""
    return " ".join(text.split()).translate(MARKDOWN_CHARACTERS)


def markdown(text: str) -> str:
    """A figure that Markdown shows as it is: two dollar signs would make a formula of what is between them."""
    return text.replace("$", "\\$")


def decimals(currency: str) -> int:
    """How many decimals amounts of a currency have."""
    return 0 if minor_units(currency) == 1 else 2


def amount(value: Decimal, currency: str) -> str:
    """An amount of money: £1,234.50, or CHF 1,234.50 where there is no common symbol."""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    sign = "-" if value < 0 else ""
    return f"{sign}{symbol}{abs(value):,.{decimals(currency)}f}"


def count(value: int) -> str:
    """A whole number with separators."""
    return f"{value:,}"


def rate(value: float | None, *, digits: int = 2) -> str:
    """A share of one as a percentage."""
    return NOTHING if value is None else f"{value:.{digits}%}"


def interval(successes: int, trials: int) -> str:
    """Between which rates the true one lies, by Wilson's interval."""
    bounds = wilson_interval(min(successes, trials), trials)
    return "nothing to divide by" if bounds is None else f"95%: {rate(bounds.low)} – {rate(bounds.high)}"


def day(value: date) -> str:
    """A day: 5 Mar 2026."""
    return f"{value.day} {value:%b %Y}"


def days(value: DateRange) -> str:
    """A range of days."""
    return day(value.first) if value.first == value.last else f"{day(value.first)} – {day(value.last)}"


def moment(value: datetime) -> str:
    """A time in UTC."""
    return f"{day(value.date())} {value:%H:%M} UTC"


def count_change(current: int, previous: int | None) -> str | None:
    """What became more or less, with its share; None without something to compare with."""
    if previous is None:
        return None
    return f"{current - previous:+,}{_share(current, previous)}"


def amount_change(current: Decimal, previous: Decimal | None, currency: str) -> str | None:
    """What became more or less of money; None without something to compare with."""
    if previous is None:
        return None
    change = current - previous
    return f"{'+' if change >= 0 else ''}{amount(change, currency)}{_share(current, previous)}"


def rate_change(current: float | None, previous: float | None) -> str | None:
    """The change of a rate in percentage points; None where one of the two is missing."""
    if current is None or previous is None:
        return None
    return f"{(current - previous) * 100:+.2f} pp"


def origin(publication: Publication, through: date | None) -> str:
    """What a figure goes back to, in Markdown."""
    known = f"Data through {day(through)} · " if through else ""
    known += f"complete through {day(publication.complete_through)} · "
    return f"{known}as of {moment(publication.data_as_of)} · publication `{publication.publication_id}`"


def refund_share(totals: PerformanceTotals) -> str:
    """Refunds in relation to the orders of the same days."""
    if totals.order_count == 0:
        return "no orders"
    return f"{rate(totals.refund_count / totals.order_count, digits=1)} of orders"


def _share(current: Decimal | int, previous: Decimal | int) -> str:
    if previous <= 0:
        return ""
    return f" ({float((Decimal(current) - Decimal(previous)) / Decimal(previous)):+.0%})"
