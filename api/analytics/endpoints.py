"""`/api/v1/analytics`."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, status
from fastapi.concurrency import run_in_threadpool

from api.agent import agent_of
from api.analytics import ingest, performance, repository
from api.analytics.errors import DateRangeInvalid, EventBatchTooLarge, EventUnknown
from api.analytics.registry import REGISTRY, REGISTRY_ANSWER
from api.analytics.schemas import (
    EVENTS_BODY,
    Dashboard,
    EventsAccepted,
    EventSchemas,
    KnownEvent,
    MetricDetail,
    PromptPerformance,
)
from api.cached_answer import NOT_MODIFIED, answered_by
from api.dependencies import ReadAnalytics, ReadSales, ReadSession, Resources, WriteEvents
from api.errors import LoginRequired, RoleNotAllowed, ServiceUnavailable, problem_responses
from api.prompts.errors import PromptNotFound
from api.routing import feature_router, repeatable
from api.schema import CurrencyCode, Day, Page
from api.tenancy import scope_of
from warehouse.event_document import describe_event, event_schema_of
from warehouse.events import CATALOGUE, is_server_only
from warehouse.marts import DateRange

PROMPTS_DEFAULT = 10
PROMPTS_MAX = 100

router = feature_router("analytics", LoginRequired, ServiceUnavailable)


def get_days(
    date_from: Annotated[Day | None, Query(description="First UTC day; by default the first with activity")] = None,
    date_to: Annotated[Day | None, Query(description="Last UTC day; by default the last with activity")] = None,
) -> DateRange:
    """The days asked for. Raises `DateRangeInvalid`."""
    days = DateRange(date_from or performance.FIRST_DAY, date_to or performance.LAST_DAY)
    if days.first > days.last:
        raise DateRangeInvalid
    return days


Days = Annotated[DateRange, Depends(get_days)]
Currency = Annotated[CurrencyCode | None, Query(description="Only figures in this currency")]


@router.post(
    "/events",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Send events",
    responses=problem_responses(EventBatchTooLarge),
    openapi_extra=EVENTS_BODY,
)
@repeatable
async def accept_events(request: Request, user: WriteEvents, resources: Resources) -> EventsAccepted:
    """One event or up to 1,000, in 8 MiB. A bad event is kept in quarantine and told; it does not stop the others.

    What was accepted is durable. `organization_id`, `user_id` and `received_at` are the server's to say. With
    `sent_at`, your clock's time of sending, `occurred_at` is corrected where that clock is wrong. An event may be 30
    days old.
    """
    return await ingest.accept_events(resources, user, await request.body(), agent=agent_of(request.scope))


@router.get("/events/schemas", summary="Every known event and its JSON Schema")
async def event_schemas(_user: WriteEvents) -> EventSchemas:
    """The catalogue of events, as this version of the service checks them."""
    return EventSchemas(items=[_known_event(name) for name in CATALOGUE])


@router.get(
    "/events/schemas/{event_name}",
    summary="A known event and its JSON Schema",
    responses=problem_responses(EventUnknown),
)
async def event_schema(event_name: str, _user: WriteEvents) -> KnownEvent:
    """One event of the catalogue."""
    if event_name not in CATALOGUE:
        raise EventUnknown(event_name)
    return _known_event(event_name)


def _known_event(event_name: str) -> KnownEvent:
    return KnownEvent(
        event_name=event_name,
        description=describe_event(event_name),
        is_server_only=is_server_only(event_name),
        json_schema=event_schema_of(event_name),
    )


@router.get(
    "/prompts/{prompt_id}/performance",
    summary="What a prompt achieved",
    responses=problem_responses(PromptNotFound),
)
async def prompt_performance(
    prompt_id: UUID,
    user: ReadAnalytics,
    session: ReadSession,
    resources: Resources,
    days: Days,
    currency: Currency = None,
) -> PromptPerformance:
    """For its seller and for operators. Amounts of different currencies are never added."""
    seller = await repository.find_seller(session, prompt_id)
    if seller is None or (seller != user.organization_id and user.role != "admin"):
        raise PromptNotFound(prompt_id)
    return await run_in_threadpool(
        performance.read_prompt_performance, resources.marts, scope_of(user), prompt_id, days, currency
    )


@router.get("/dashboard", summary="What your prompts achieved", responses=problem_responses(RoleNotAllowed))
async def dashboard(
    user: ReadSales,
    resources: Resources,
    days: Days,
    currency: Currency = None,
    prompts: Annotated[int, Query(ge=1, le=PROMPTS_MAX, description="How many prompts to list")] = PROMPTS_DEFAULT,
) -> Dashboard:
    """Of the signed-in seller's organization, from one publication."""
    return await run_in_threadpool(
        performance.read_dashboard,
        resources.marts,
        scope_of(user),
        user.organization_id,
        days,
        currency,
        prompts_limit=prompts,
    )


@router.get("/metrics", summary="What each figure means", responses=NOT_MODIFIED)
@answered_by(REGISTRY_ANSWER)
async def metrics(_: ReadAnalytics) -> Page[MetricDetail]:
    """The registry of metrics that all figures of the product are computed from."""
    return REGISTRY
