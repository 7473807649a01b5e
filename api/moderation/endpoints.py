"""`/api/v1/decisions` for those a decision is against, `/api/v1/admin/decisions` and `/appeals` for operators."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, status

from api.dependencies import CurrentUser, ReadSession, RequireAdmin, Resources, WriteSession
from api.errors import LoginRequired, RoleNotAllowed, problem_responses
from api.moderation import appeal as appeals
from api.moderation import decision as decisions
from api.moderation.errors import (
    AppealAlreadyResolved,
    AppealNotFound,
    AppealWindowClosed,
    DecisionAlreadyAppealed,
    DecisionAlreadyInForce,
    DecisionEnded,
    DecisionNotFound,
    OwnDecisionNotReviewable,
)
from api.moderation.schemas import (
    AdminDecision,
    AppealDetail,
    DecisionKind,
    DecisionStatus,
    EndDecision,
    NewAppeal,
    NewDecision,
    ResolveAppeal,
    StatementOfReasons,
)
from api.pagination import PAGE_SIZE_DEFAULT, Cursor, Limit
from api.routing import feature_router
from api.schema import Page

router = feature_router("decisions", LoginRequired)
admin_router = feature_router("admin", LoginRequired, RoleNotAllowed)

ROUTERS = (router, admin_router)


@router.get("", summary="Decisions against your organization", response_model=Page[StatementOfReasons])
async def list_own(
    user: CurrentUser, session: ReadSession, cursor: Cursor = None, limit: Limit = PAGE_SIZE_DEFAULT
) -> Page[AdminDecision]:
    """The newest first, each with its reasons and how to object."""
    return await decisions.list_decisions(session, organization_id=user.organization_id, cursor=cursor, limit=limit)


@router.get(
    "/{decision_id}",
    summary="A decision and its reasons",
    response_model=StatementOfReasons,
    responses=problem_responses(DecisionNotFound),
)
async def find_own(decision_id: UUID, user: CurrentUser, session: ReadSession) -> AdminDecision:
    """What was decided, why, by which rule, and how to object."""
    return await decisions.find_decision(session, decision_id, organization_id=user.organization_id)


@router.post(
    "/{decision_id}/appeal",
    status_code=status.HTTP_201_CREATED,
    summary="Object to a decision",
    responses=problem_responses(DecisionNotFound, DecisionAlreadyAppealed, DecisionEnded, AppealWindowClosed),
)
async def appeal(decision_id: UUID, new: NewAppeal, user: CurrentUser, session: WriteSession) -> AppealDetail:
    """Once. An operator who did not make the decision looks at it."""
    return await appeals.appeal(session, user, decision_id, new)


@admin_router.post(
    "/decisions",
    status_code=status.HTTP_201_CREATED,
    summary="Take down, hide or hold",
    responses=problem_responses(DecisionAlreadyInForce),
)
async def decide(new: NewDecision, user: RequireAdmin, session: WriteSession, resources: Resources) -> AdminDecision:
    """With effect at once; the organization can read the reasons and object."""
    return await decisions.decide(session, resources, user, new)


@admin_router.get("/decisions", summary="All decisions")
async def list_all(
    _: RequireAdmin,
    session: ReadSession,
    organization_id: UUID | None = None,
    kind: DecisionKind | None = None,
    status: DecisionStatus | None = None,
    has_open_appeal: Annotated[bool | None, Query(description="Whether an appeal waits to be resolved")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE_DEFAULT,
) -> Page[AdminDecision]:
    """The newest first."""
    return await decisions.list_decisions(
        session,
        organization_id=organization_id,
        kind=kind,
        status=status,
        has_open_appeal=has_open_appeal,
        cursor=cursor,
        limit=limit,
    )


@admin_router.get("/decisions/{decision_id}", summary="A decision", responses=problem_responses(DecisionNotFound))
async def find(decision_id: UUID, _: RequireAdmin, session: ReadSession) -> AdminDecision:
    """With its appeal."""
    return await decisions.find_decision(session, decision_id, organization_id=None)


@admin_router.post(
    "/decisions/{decision_id}/lift",
    summary="End a decision",
    responses=problem_responses(DecisionNotFound, DecisionEnded),
)
async def lift(
    decision_id: UUID, wanted: EndDecision, user: RequireAdmin, session: WriteSession, resources: Resources
) -> AdminDecision:
    """Undoes what it did: the prompt is back on the market, the review is shown, the hold is over."""
    return await decisions.lift(session, resources, user, decision_id, reason=wanted.reason)


@admin_router.post(
    "/appeals/{appeal_id}/resolve",
    summary="Uphold or reverse a decision that was appealed",
    responses=problem_responses(AppealNotFound, AppealAlreadyResolved, OwnDecisionNotReviewable),
)
async def resolve(
    appeal_id: UUID, wanted: ResolveAppeal, user: RequireAdmin, session: WriteSession, resources: Resources
) -> AppealDetail:  # fmt: skip
    """Not for whoever made the decision. Reversing undoes what the decision did."""
    return await appeals.resolve(session, resources, user, appeal_id, wanted)
