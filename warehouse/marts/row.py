"""What readers of the marts receive: decimal amounts in units of their currency, times in UTC, rates from 0 to 1."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict


class Contribution(TypedDict):
    """What one component adds to a score; the `contribution` of all of them add up to it."""

    component: str
    value: float
    reference: float
    signal: float
    weight: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Publication:
    """The run whose figures readers see, all of them together.

    Ranks know what had happened before `as_of`; all other figures hold what was loaded by `data_as_of`.
    """

    publication_id: str
    as_of: datetime
    data_as_of: datetime
    finished_at: datetime
    policy_version: str | None

    @property
    def complete_through(self) -> date:
        """The last UTC day that was over when the figures were loaded; later days are still being counted."""
        return self.data_as_of.astimezone(UTC).date() - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as of the publication."""

    prompt_id: str
    external_id: str | None
    title: str
    category: str | None
    seller_organization_id: str
    status: str
    price_amount: Decimal | None
    currency: str | None
    current_version: int | None
    published_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RankedPrompt:
    """A prompt's place (1 = best) in one list, and why it stands there."""

    surface: str
    segment: str
    rank: int
    prompt_id: str
    title: str
    category: str | None
    seller_organization_id: str
    score: float
    contributions: list[Contribution]
    policy_version: str


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days from the first to the last, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class PerformanceDay:
    """One UTC day of a prompt or a seller in one currency."""

    performance_date: date
    currency: str
    impression_count: int
    click_count: int
    view_count: int
    unique_viewer_count: int
    checkout_count: int
    order_count: int
    refund_count: int
    gross_revenue_amount: Decimal
    refunded_amount: Decimal
    net_revenue_amount: Decimal
    click_through_rate: float | None
    conversion_rate: float | None


@dataclass(frozen=True, slots=True)
class PerformanceTotals:
    """Several days in one currency; rates are recomputed from counts, and None when there is nothing to divide by.

    `purchased_click_count` is the numerator of the conversion rate: clicked impressions that led to an order. Unique
    viewers are missing because a person seen on two days would count twice.
    """

    currency: str
    impression_count: int
    click_count: int
    purchased_click_count: int
    view_count: int
    checkout_count: int
    order_count: int
    refund_count: int
    gross_revenue_amount: Decimal
    refunded_amount: Decimal
    net_revenue_amount: Decimal
    click_through_rate: float | None
    conversion_rate: float | None


@dataclass(frozen=True, slots=True)
class PromptTotals(PerformanceTotals):
    """Several days of one prompt in one currency."""

    prompt_id: str
    title: str
    category: str | None
    status: str
