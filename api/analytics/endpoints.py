"""`/api/v1/analytics`."""

from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, status
from fastapi.responses import StreamingResponse

from api.agent import agent_of
from api.analytics import figure_export, figures, ingest, performance, repository
from api.analytics.errors import DateRangeInvalid, EventBatchTooLarge, EventUnknown
from api.analytics.registry import REGISTRY, REGISTRY_ANSWER
from api.analytics.schemas import (
    EVENTS_BODY,
    Dashboard,
    EventsAccepted,
    EventSchemas,
    KnownEvent,
    MetricDetail,
    MetricFigures,
    PromptPerformance,
)
from api.cached_answer import NOT_MODIFIED, answered_by
from api.dependencies import ReadAnalytics, ReadOverview, ReadSales, ReadSession, Resources, WriteEvents
from api.errors import LoginRequired, RoleNotAllowed, ServiceUnavailable, problem_responses
from api.marts_reads import MartsBusy
from api.pagination import PAGE_SIZE_DEFAULT, Cursor, Limit
from api.prompts.errors import PromptNotFound
from api.rate_limit.policy import EXPORTS, FIGURES
from api.routing import feature_router, limited, repeatable
from api.schema import CurrencyCode, Day, Page
from api.tenancy import scope_of
from warehouse.event_document import describe_event, event_schema_of
from warehouse.events import CATALOGUE, is_server_only
from warehouse.marts import DateRange
from warehouse.metrics import Dimension, Grain

OwnDimension = Literal["seller", "prompt"]

PROMPTS_DEFAULT = 10
PROMPTS_MAX = 100

router = feature_router("analytics", LoginRequired, ServiceUnavailable, MartsBusy)


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


def get_figures(
    metric: Annotated[list[str], Query(max_length=100, description="Slugs; by default all there are")] = [],  # noqa: B006
    grain: Annotated[Grain, Query(description="For each day, week, month, or all days together")] = "day",
    date_from: Annotated[Day | None, Query(description="First UTC day; by default 27 days before the last")] = None,
    date_to: Annotated[Day | None, Query(description="Last UTC day; by default the last with activity")] = None,
    currency: Annotated[CurrencyCode | None, Query(description="Not figures in another currency")] = None,
) -> figures.Wanted:
    """Which figures are asked for, of the whole marketplace."""
    return figures.Wanted("marketplace", grain, metric, date_from, date_to, currency)


WantedFigures = Annotated[figures.Wanted, Depends(get_figures)]


def get_page(wanted: WantedFigures, cursor: Cursor = None, limit: Limit = PAGE_SIZE_DEFAULT) -> figures.WantedPage:
    """Which page of them."""
    return figures.WantedPage(wanted, cursor, limit)


FigurePage = Annotated[figures.WantedPage, Depends(get_page)]


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
@limited(FIGURES)
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
    return await resources.figure_reads.run_for(
        scope_of(user), performance.read_prompt_performance, prompt_id, days, currency
    )


@router.get("/dashboard", summary="What your prompts achieved", responses=problem_responses(RoleNotAllowed))
@limited(FIGURES)
async def dashboard(
    user: ReadSales,
    resources: Resources,
    days: Days,
    currency: Currency = None,
    prompts: Annotated[int, Query(ge=1, le=PROMPTS_MAX, description="How many prompts to list")] = PROMPTS_DEFAULT,
) -> Dashboard:
    """Of the signed-in seller's organization, from one publication."""
    return await resources.figure_reads.run_for(
        scope_of(user),
        performance.read_dashboard,
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


@router.get("/overview", summary="Figures of the whole marketplace", responses=problem_responses(RoleNotAllowed))
@limited(FIGURES)
async def overview(
    user: ReadOverview,
    resources: Resources,
    page: FigurePage,
    dimension: Annotated[Dimension, Query(description="By what they are cut")] = "marketplace",
) -> MetricFigures:
    """For operators: every metric of the registry, by category, seller or prompt too, of at most 366 days."""
    return await resources.figure_reads.run_for(scope_of(user), figures.read_page, page.of(dimension))


@router.get(
    "/sellers/me/performance", summary="Figures of your organization", responses=problem_responses(RoleNotAllowed)
)
@limited(FIGURES)
async def own_performance(
    user: ReadSales,
    resources: Resources,
    page: FigurePage,
    dimension: Annotated[OwnDimension, Query(description="Of all you sell, or of each prompt")] = "seller",
) -> MetricFigures:
    """Every metric of the registry that can be told of a seller, of at most 366 days."""
    own = page.of(dimension, seller_organization_id=str(user.organization_id))
    return await resources.figure_reads.run_for(scope_of(user), figures.read_page, own)


@router.get(
    "/export",
    summary="Figures as a file",
    response_class=StreamingResponse,
    responses={**figure_export.RESPONSES, **problem_responses(RoleNotAllowed)},
)
@limited(EXPORTS)
async def export(
    user: ReadSales,
    resources: Resources,
    wanted: WantedFigures,
    dimension: Annotated[Dimension | None, Query(description="By what they are cut; by default sellers")] = None,
    file_format: Annotated[figure_export.Format, Query(alias="format", description="CSV, or JSON Lines")] = "csv",
) -> StreamingResponse:
    """Those of your organization, by `seller` or `prompt`; for operators those of everybody, by any dimension.

    In CSV a text that a spreadsheet would take for a formula, such as one that begins with `=`, has a `'` before it.
    """
    seller = None if user.role == "admin" else str(user.organization_id)
    wanted = replace(wanted, dimension=dimension or "seller", seller_organization_id=seller)
    return await figure_export.answer(resources.figure_reads, scope_of(user), wanted, file_format)
