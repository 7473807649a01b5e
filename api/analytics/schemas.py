"""Bodies of the analytics routes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import Field

from api.schema import ResponseBody
from warehouse.event_document import envelope_schema
from warehouse.metrics import Dimension, Grain

EVENT_SCHEMA = envelope_schema()
EVENTS_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        EVENT_SCHEMA,
                        {"type": "array", "items": EVENT_SCHEMA, "maxItems": 1000},
                        {
                            "type": "object",
                            "required": ["events"],
                            "properties": {
                                "events": {"type": "array", "items": EVENT_SCHEMA, "maxItems": 1000},
                                "sent_at": {
                                    "type": "string",
                                    "format": "date-time",
                                    "description": "Holds for every event that does not say its own",
                                },
                            },
                        },
                    ]
                }
            }
        },
    }
}


class EventError(ResponseBody):
    """Why an event was not taken."""

    index: int = Field(description="The event's place in the request, from 0")
    reason: str = Field(description="Stable name of what is wrong", examples=["prompt_unknown"])
    detail: str


class EventsAccepted(ResponseBody):
    """What became of the events of a request."""

    accepted: int
    duplicates: int = Field(description="Event ids that were accepted before, or stand in the request twice")
    quarantined: int = Field(description="Refused, and kept with the reason")
    errors: list[EventError]


class KnownEvent(ResponseBody):
    """An event of the catalogue."""

    event_name: str
    description: str
    is_server_only: bool = Field(description="Written by the server alone: a client that sends it is refused")
    json_schema: dict[str, Any] = Field(description="JSON Schema (2020-12) of the event as a client sends it")


class EventSchemas(ResponseBody):
    """The known events. Others are taken too when their name is well-formed."""

    items: list[KnownEvent]


class Figures(ResponseBody):
    """What happened in one currency. Amounts are in units of it, rates from 0 to 1, null with nothing to divide by."""

    currency: str
    impression_count: int
    click_count: int
    view_count: int
    checkout_count: int
    order_count: int
    refund_count: int
    gross_revenue_amount: Decimal
    refunded_amount: Decimal
    net_revenue_amount: Decimal
    click_through_rate: float | None
    conversion_rate: float | None


class DayFigures(Figures):
    """One UTC day."""

    performance_date: date
    unique_viewer_count: int


class PromptFigures(Figures):
    """All days of one prompt."""

    prompt_id: UUID
    title: str
    category: str | None
    status: str


class Published(ResponseBody):
    """Where figures come from; null when nothing was ever published."""

    as_of: datetime | None = Field(description="The figures count what was loaded by then")
    publication_id: str | None
    complete_through: date | None = Field(
        description="The last UTC day that was over by `as_of`; later ones are still being counted"
    )


class PublishedDays(Published):
    """The same, of days; both null when there are none."""

    date_from: date | None = Field(description="The first day counted; null when no day is")
    date_to: date | None = Field(description="The last day counted; null when no day is")


class PromptPerformance(PublishedDays):
    """What a prompt achieved: days with activity, and their totals per currency."""

    prompt_id: UUID
    items: list[DayFigures]
    totals: list[Figures]


class Dashboard(PublishedDays):
    """What all prompts of a seller achieved, from one publication."""

    seller_organization_id: UUID
    totals: list[Figures]
    days: list[DayFigures]
    prompts: list[PromptFigures] = Field(description="Those with the highest net revenue of each currency first")


class MeasureDetail(ResponseBody):
    """What a metric aggregates."""

    name: str
    aggregation: str
    expression: str
    condition: str | None = Field(description="Rows that do not meet it are left out")


class MetricDetail(ResponseBody):
    """One figure of the registry: what it means, whose it is, and what it leaves out. The words are MetricFlow's."""

    slug: str
    label: str
    type: str = Field(description="simple, ratio or cumulative")
    unit: str
    formula: str = Field(description="SQL over rows of the marts, of one period, dimension value and currency")
    measures: list[MeasureDetail] = Field(description="One, or what a ratio divides and by what")
    marts: list[str]
    agg_time_dimension: str = Field(description="The column whose UTC day a figure counts on")
    dimensions: list[Dimension] = Field(description="By what it can be cut; `marketplace` is the whole")
    grains: list[Grain] = Field(description="Over which periods it can be computed")
    window_days: int | None = Field(description="Of how many days up to its own a figure is; null for its own alone")
    grain: str
    is_additive: bool
    has_interval: bool
    owner: str
    leaves_out: str


class RateInterval(ResponseBody):
    """Wilson's score interval of a rate at 95 %, both bounds 0-1."""

    low: float
    high: float


class MetricFigure(ResponseBody):
    """A metric's value in one period. Amounts are in units of their currency; ratios are numbers."""

    metric: str
    dimension_value: str = Field(description="Of what it is: `all`, a category, or an id. Empty for no category")
    period_start: date
    currency: str | None = Field(description="Null where the facts have none")
    value: int | Decimal | float | None = Field(description="Null where there is nothing to divide by")
    numerator: int | Decimal | None = Field(description="Of a ratio, what was divided")
    denominator: int | Decimal | None = Field(description="Of a ratio, by what")
    interval: RateInterval | None
    is_complete: bool = Field(
        description="Whether the period, and the days a figure is followed for, were over when the figures were loaded"
    )


class MetricFigures(Published):
    """Figures of the registry, metric by metric; then by period, dimension value and currency."""

    dimension: Dimension
    grain: Grain
    date_from: date | None
    date_to: date | None
    items: list[MetricFigure]
    next_cursor: str | None = Field(
        None, description="Pass as `cursor` to get the next page; null when this is the last"
    )
