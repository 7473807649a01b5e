"""Bodies of the analytics routes."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from api.schema import ResponseBody

EVENT_SCHEMA = {
    "type": "object",
    "required": ["event_id", "event_name", "occurred_at"],
    "properties": {
        "event_id": {
            "type": "string",
            "maxLength": 255,
            "description": "Unique in its source: sent twice it counts once",
        },
        "event_name": {"type": "string", "examples": ["prompt.clicked"], "description": "object.past_verb"},
        "occurred_at": {"type": "string", "format": "date-time"},
        "source": {"type": "string", "description": "By default client:<organization_id>; a name is put behind that"},
        "schema_version": {"type": "integer", "minimum": 1, "default": 1},
        "anonymous_id": {"type": "string", "maxLength": 255},
        "session_id": {"type": "string", "maxLength": 255},
        "request_id": {"type": "string", "maxLength": 255},
        "prompt_id": {"type": "string", "format": "uuid"},
        "properties": {"type": "object", "examples": [{"position": 1, "receipt_id": "…"}]},
    },
}
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
                            "properties": {"events": {"type": "array", "items": EVENT_SCHEMA, "maxItems": 1000}},
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
    """Where figures come from; both null when nothing was ever published."""

    as_of: datetime | None
    publication_id: str | None
    date_from: date | None = Field(description="The first day counted; null when no day is")
    date_to: date | None = Field(description="The last day counted; null when no day is")


class PromptPerformance(Published):
    """What a prompt achieved: days with activity, and their totals per currency."""

    prompt_id: UUID
    items: list[DayFigures]
    totals: list[Figures]


class Dashboard(Published):
    """What all prompts of a seller achieved, from one publication."""

    seller_organization_id: UUID
    totals: list[Figures]
    days: list[DayFigures]
    prompts: list[PromptFigures] = Field(description="Those with the highest net revenue of each currency first")
