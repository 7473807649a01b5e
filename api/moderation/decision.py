"""Making and ending decisions, and reading them."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from api.audit import AuditedObject, record
from api.auth.identity import Identity
from api.database import AsyncReadSession, AsyncWriteSession
from api.lifespan import Resources
from api.models import Decision
from api.moderation import repository
from api.moderation.delivery import tell
from api.moderation.effect import hide, take_down, undo
from api.moderation.errors import DecisionAlreadyInForce, DecisionEnded, DecisionNotFound, DecisionTargetNotFound
from api.moderation.schemas import AdminDecision, NewDecision
from api.moderation.statement import state_reasons
from api.pagination import decode_id_cursor, encode_cursor
from api.schema import Page


async def decide(session: AsyncWriteSession, resources: Resources, admin: Identity, new: NewDecision) -> AdminDecision:
    """Decide, with effect at once. Raises `DecisionTargetNotFound` or `DecisionAlreadyInForce`."""
    decision = Decision(
        **new.model_dump(exclude={"organization_id"}),
        organization_id=await _affected(session, new),
        decided_by_user_id=admin.user_id,
    )
    if new.kind == "prompt_takedown":
        await take_down(session, decision)
    elif new.kind == "review_hiding":
        await hide(session, decision)
    await _end_expired(session, new, decision.organization_id)
    session.add(decision)
    try:
        await session.flush()
    except IntegrityError:
        raise DecisionAlreadyInForce(new.target_id) from None
    await session.refresh(decision)
    await record(
        session,
        "decision.made",
        audited(decision),
        new={"kind": new.kind, "target_id": str(new.target_id), "reason": new.reason, "rule": new.rule},
    )
    await tell(session, resources, decision, "made")
    return state_reasons(decision, None)


async def _affected(session: AsyncWriteSession, new: NewDecision) -> UUID:
    """The organization a decision is against."""
    if new.prompt_id is not None:
        prompt = await repository.lock_prompt(session, new.prompt_id)
        found = prompt.seller_organization_id if prompt else None
    elif new.review_id is not None:
        review = await repository.lock_review(session, new.review_id)
        found = review.organization_id if review else None
    else:
        assert new.organization_id is not None
        organization = await repository.find_organization(session, new.organization_id)
        found = organization.id if organization else None
    if found is None:
        raise DecisionTargetNotFound(new.target_id)
    return found


async def _end_expired(session: AsyncWriteSession, new: NewDecision, organization_id: UUID) -> None:
    """A hold that ended by itself gives way to the next one."""
    expired = await repository.lock_expired(session, new.kind, organization_id, new.prompt_id)
    if expired is not None:
        expired.status = "lifted"
        expired.ended_at = expired.ends_at
        expired.end_reason = "its time was over"
        await session.flush()


async def lift(
    session: AsyncWriteSession, resources: Resources, admin: Identity, decision_id: UUID, *, reason: str
) -> AdminDecision:
    """End a decision and undo what it did. Raises `DecisionNotFound` or `DecisionEnded`."""
    decision = await repository.lock_decision(session, decision_id)
    if decision is None:
        raise DecisionNotFound(decision_id)
    if decision.status != "in_force":
        raise DecisionEnded(decision_id)
    await end(session, decision, "lifted", reason=reason, by=admin)
    await tell(session, resources, decision, "lifted")
    return state_reasons(decision, await repository.find_appeal(session, decision_id))


async def end(session: AsyncWriteSession, decision: Decision, status: str, *, reason: str, by: Identity) -> None:
    """End a locked decision that is in force."""
    decision.status = status
    decision.ended_at = datetime.now(UTC)
    decision.ended_by_user_id = by.user_id
    decision.end_reason = reason
    await session.flush()
    await undo(session, decision)
    await session.refresh(decision)
    await record(
        session, f"decision.{status}", audited(decision), old={"status": "in_force"}, new={"status": status}
    )  # fmt: skip


async def list_decisions(
    session: AsyncReadSession,
    *,
    organization_id: UUID | None,
    kind: str | None = None,
    status: str | None = None,
    has_open_appeal: bool | None = None,
    cursor: str | None,
    limit: int,
) -> Page[AdminDecision]:
    """Decisions, the newest first; those against one organization, or all."""
    rows = await repository.list_decisions(
        session,
        organization_id=organization_id,
        kind=kind,
        status=status,
        has_open_appeal=has_open_appeal,
        before=decode_id_cursor(cursor),
        limit=limit + 1,
    )
    page = rows[:limit]
    return Page(
        items=[state_reasons(decision, appeal) for decision, appeal in page],
        next_cursor=encode_cursor(str(page[-1][0].id)) if len(rows) > limit else None,
    )


async def find_decision(
    session: AsyncReadSession, decision_id: UUID, *, organization_id: UUID | None
) -> AdminDecision:  # fmt: skip
    """A decision; only one against the organization, if one is named. Raises `DecisionNotFound`."""
    found = await repository.find_decision(session, decision_id, organization_id=organization_id)
    if found is None:
        raise DecisionNotFound(decision_id)
    return state_reasons(*found)


def audited(decision: Decision) -> AuditedObject:
    """A decision as the audit log names it."""
    return AuditedObject("decision", decision.id, decision.organization_id)
