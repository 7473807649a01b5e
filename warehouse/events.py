"""The event catalogue: the envelope, the known events, and what a well-formed event is.

One envelope for everything that happens, shaped like a CloudEvent; unique on `(source, event_id)`. Documentation,
validation and the accepted values of the transformations come from here.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
)

EVENT_NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}")
# An event bigger than this is a document; it belongs elsewhere.
EVENT_MAX_BYTES = 65_536
# Of one request. Room for the largest batch of ordinary events (1,000 of 8 KiB), which have a tenth of that.
EVENTS_BODY_MAX_BYTES = 8_388_608
# Of the service itself: nobody else may name them.
SERVER_SOURCES = frozenset({"api", "worker"})
# JSON numbers and ids far outside are mistakes of a sender's clock, not history.
EARLIEST_EVENT = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_EVENT_AHEAD_SECONDS = 3_600
# A device may have been offline for a month. What is older comes as an import, by an operator.
LIVE_EVENT_MAX_AGE_DAYS = 30
# A difference below this is the network, not the sender's clock.
CLOCK_TOLERANCE_SECONDS = 5


Agent = Literal["browser", "program", "bot"]


class EventInvalid(Exception):
    """An event can't be stored as sent; `reason` is a stable slug, the message a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def without_nul(value: str) -> str:
    """The text itself. Raises `ValueError` when Postgres can't store it."""
    if "\x00" in value:
        raise ValueError("must not hold a NUL character")
    return value


Text = Annotated[str, Field(max_length=255), AfterValidator(without_nul)]
Count = Annotated[int, Field(ge=0, lt=2**31)]
Position = Annotated[int, Field(ge=1, lt=2**31)]


class Properties(BaseModel):
    """Properties of a known event. Further ones are kept."""

    model_config = ConfigDict(extra="allow")


class ServedItem(BaseModel):
    """One item of a served list."""

    model_config = ConfigDict(extra="allow")

    prompt_id: Text
    version: Count | None = None
    position: Position
    score: float | None = None
    propensity: float | None = Field(None, gt=0, le=1)
    is_exploration: bool = False


class ResultsServed(Properties):
    """A ranked or searched list was answered."""

    surface: Text
    query: str | None = None
    policy_version: Text | None = None
    receipt_id: Text
    items: list[ServedItem]


class SearchPerformed(Properties):
    """Somebody searched."""

    query: str = Field(max_length=1000)
    filters: dict[str, JsonValue] = Field(default_factory=dict)
    result_count: Count


class CategoryBrowsed(Properties):
    """Somebody looked at a category."""

    category: Text


class PromptClicked(Properties):
    """A served item was chosen."""

    position: Position
    receipt_id: Text


class PromptViewed(Properties):
    """A prompt's page was looked at."""

    dwell_ms: Count | None = None


class CheckoutStarted(Properties):
    """A purchase began."""

    order_id: Text


class OrderChanged(Properties):
    """An order was paid or refunded."""

    order_id: Text
    amount_cents: Count
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    reason: str | None = None


class PromptUsed(Properties):
    """A bought prompt was rendered or executed; `gen_ai.*` properties carry OpenTelemetry's names."""

    version: Count | None = None


class TrialCompleted(Properties):
    """A blind trial run ended."""


class ReviewSubmitted(Properties):
    """A review was written."""

    rating: int = Field(ge=1, le=5)


class ApiRequested(Properties):
    """The API was called."""

    method: Text
    route: str
    status: Annotated[int, Field(ge=100, le=599)]
    duration_ms: float = Field(ge=0)


CATALOGUE: dict[str, type[Properties]] = {
    "results.served": ResultsServed,
    "search.performed": SearchPerformed,
    "category.browsed": CategoryBrowsed,
    "prompt.clicked": PromptClicked,
    "prompt.viewed": PromptViewed,
    "trial.completed": TrialCompleted,
    "checkout.started": CheckoutStarted,
    "order.paid": OrderChanged,
    "order.refunded": OrderChanged,
    "prompt.rendered": PromptUsed,
    "prompt.executed": PromptUsed,
    "review.submitted": ReviewSubmitted,
    "api.requested": ApiRequested,
}
# These need a prompt to mean anything.
NEEDS_PROMPT = frozenset({"prompt.clicked", "prompt.viewed", "prompt.rendered", "prompt.executed", "review.submitted"})
SERVER_ONLY_NAMES = frozenset({"results.served", "api.requested"})
SERVER_ONLY_PREFIX = "order."


# A NUL as JSON has it. After another backslash it is the text of the escape, which can be stored.
_NUL_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


class Event(BaseModel):
    """The envelope. Times are aware and kept in UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_id: Text = Field(min_length=1)
    source: Text = Field(min_length=1)
    event_name: Text
    schema_version: Annotated[int, Field(ge=1, lt=2**15)] = 1
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    organization_id: UUID | None = None
    user_id: UUID | None = None
    anonymous_id: Text | None = None
    session_id: Text | None = None
    request_id: Text | None = None
    prompt_id: UUID | None = None
    properties: dict[str, JsonValue] = Field(default_factory=dict)
    # The share of such events that the sender sends; none is all of them.
    sample_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    # The server's own words: how far the sender's clock was behind, and what kind of program sent the request.
    clock_offset_ms: int | None = None
    agent: Agent | None = None


def is_server_only(event_name: str) -> bool:
    """Whether only the server itself may claim this happened."""
    return event_name in SERVER_ONLY_NAMES or event_name.startswith(SERVER_ONLY_PREFIX)


def check(event: Event) -> Event:
    """The event itself when its name, times and properties hold; raises `EventInvalid`."""
    if not EVENT_NAME_PATTERN.fullmatch(event.event_name):
        raise EventInvalid(
            "event_name_malformed", f"event_name {event.event_name!r} is not of the form object.past_verb"
        )
    if event.occurred_at < EARLIEST_EVENT:
        raise EventInvalid("occurred_at_ancient", f"occurred_at {event.occurred_at.isoformat()} is before 2000")
    if (event.occurred_at - event.received_at).total_seconds() > LATEST_EVENT_AHEAD_SECONDS:
        raise EventInvalid(
            "occurred_at_future", f"occurred_at {event.occurred_at.isoformat()} is over an hour in the future"
        )
    if event.event_name in NEEDS_PROMPT and event.prompt_id is None:
        raise EventInvalid("prompt_missing", f"{event.event_name} needs a prompt_id")
    if _NUL_ESCAPE.search(event.model_dump_json(include={"properties"})):
        raise EventInvalid("properties_invalid", "properties hold a NUL character, which can't be stored")
    properties = CATALOGUE.get(event.event_name)
    if properties is not None:
        try:
            properties.model_validate(event.properties)
        except ValidationError as error:
            raise EventInvalid("properties_invalid", "properties: " + describe(error)) from None
    return event


def parse(envelope: dict[str, Any], *, received_at: datetime) -> Event:
    """Validate one envelope as sent (`received_at` is the server's). Raises `EventInvalid`."""
    return check(_read(envelope, received_at))


def parse_live(envelope: dict[str, Any], *, received_at: datetime) -> Event:
    """Validate one envelope of a client that sent it just now. Raises `EventInvalid`.

    With `sent_at`, the client's time of sending, its clock is known to be wrong by the difference to ours, and
    `occurred_at` is corrected by that. An event much older than its sending is none that a client may still report.
    """
    fields = dict(envelope)
    sent_at = fields.pop("sent_at", None)
    event = _read(fields, received_at)
    if sent_at is not None:
        event = _with_right_clock(event, sent_at)
    oldest = event.received_at - timedelta(days=LIVE_EVENT_MAX_AGE_DAYS)
    if EARLIEST_EVENT <= event.occurred_at < oldest:
        raise EventInvalid(
            "occurred_at_too_old",
            f"occurred_at {event.occurred_at.isoformat()} is over {LIVE_EVENT_MAX_AGE_DAYS} days ago",
        )
    return check(event)


def _read(envelope: dict[str, Any], received_at: datetime) -> Event:
    try:
        return Event.model_validate({**envelope, "received_at": received_at})
    except ValidationError as error:
        raise EventInvalid("envelope_invalid", describe(error)) from None


def _with_right_clock(event: Event, sent_at: Any) -> Event:
    try:
        milliseconds = clock_offset_ms(event.received_at, MOMENT.validate_python(sent_at))
        if milliseconds is None:
            return event
        occurred_at = event.occurred_at + timedelta(milliseconds=milliseconds)
    except (ValidationError, OverflowError):
        raise EventInvalid(
            "sent_at_invalid", "sent_at: must be a time with its zone, such as 2026-05-01T09:30:00Z"
        ) from None
    return event.model_copy(update={"occurred_at": occurred_at, "clock_offset_ms": milliseconds})


def clock_offset_ms(received_at: datetime, sent_at: datetime) -> int | None:
    """How far a sender's clock was behind; None when that is no more than the way takes. Raises `OverflowError`."""
    offset = (received_at - sent_at).total_seconds()
    return None if abs(offset) < CLOCK_TOLERANCE_SECONDS else round(offset * 1000)


def describe(error: ValidationError) -> str:
    """A validation error as one sentence: where and what, without the value sent."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'event'}: {e['msg']}" for e in error.errors()[:5])


def server_event(
    event_name: str, properties: dict[str, Any], *, source: Literal["api", "worker"] = "api", **envelope: Any
) -> Event:
    """An event the server itself writes, stamped now. `envelope` takes the envelope's identity fields."""
    now = datetime.now(UTC)
    fields = {"event_id": str(uuid4()), "occurred_at": now, **envelope}
    return check(Event(source=source, event_name=event_name, received_at=now, properties=properties, **fields))
