"""`/api/v1/analytics`."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, status
from fastapi.concurrency import run_in_threadpool

from api.analytics import ingest, performance, repository
from api.analytics.errors import DateRangeInvalid, EventBatchTooLarge
from api.analytics.schemas import EVENTS_BODY, Dashboard, EventsAccepted, PromptPerformance
from api.dependencies import ReadAnalytics, ReadSales, ReadSession, Resources, WriteEvents
from api.errors import LoginRequired, RoleNotAllowed, ServiceUnavailable, problem_responses
from api.prompts.errors import PromptNotFound
from api.routing import feature_router, repeatable
from api.schema import CurrencyCode, Day
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
    """One event or up to 1,000. A bad event is kept in quarantine and told; it does not stop the others.

    What was accepted is durable. `organization_id`, `user_id` and `received_at` are the server's to say.
    """
    return await ingest.accept_events(resources, user, await request.body())


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
    return await run_in_threadpool(performance.read_prompt_performance, resources.marts, prompt_id, days, currency)


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
        performance.read_dashboard, resources.marts, user.organization_id, days, currency, prompts_limit=prompts
    )
