"""Appeals: an organization objects once, and an operator who did not decide resolves it."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from api.audit import AuditedObject, record
from api.auth.identity import Identity
from api.database import AsyncWriteSession
from api.lifespan import Resources
from api.models import Appeal
from api.moderation import repository
from api.moderation.decision import end
from api.moderation.delivery import tell
from api.moderation.errors import (
    AppealAlreadyResolved,
    AppealNotFound,
    AppealWindowClosed,
    DecisionAlreadyAppealed,
    DecisionEnded,
    DecisionNotFound,
    OwnDecisionNotReviewable,
)
from api.moderation.schemas import AppealDetail, NewAppeal, ResolveAppeal
from api.moderation.statement import appeal_until, is_in_force


async def appeal(session: AsyncWriteSession, user: Identity, decision_id: UUID, new: NewAppeal) -> AppealDetail:
    """Object to a decision against the user's organization.

    Raises `DecisionNotFound`, `DecisionEnded`, `DecisionAlreadyAppealed` or `AppealWindowClosed`.
    """
    decision = await repository.lock_decision(session, decision_id)
    if decision is None or decision.organization_id != user.organization_id:
        raise DecisionNotFound(decision_id)
    if await repository.find_appeal(session, decision_id) is not None:
        raise DecisionAlreadyAppealed(decision_id)
    if not is_in_force(decision):
        raise DecisionEnded(decision_id)
    closed_at = appeal_until(decision)
    if datetime.now(UTC) > closed_at:
        raise AppealWindowClosed(decision_id, closed_at=closed_at)
    made = Appeal(decision_id=decision_id, text=new.text, appealed_by_user_id=user.user_id)
    session.add(made)
    try:
        await session.flush()
    except IntegrityError:
        raise DecisionAlreadyAppealed(decision_id) from None
    await session.refresh(made)
    audited = AuditedObject("appeal", made.id, decision.organization_id)
    await record(session, "appeal.submitted", audited, new={"decision_id": str(decision_id)})
    return AppealDetail.model_validate(made)


async def resolve(
    session: AsyncWriteSession, resources: Resources, admin: Identity, appeal_id: UUID, wanted: ResolveAppeal
) -> AppealDetail:
    """Uphold the decision or reverse it, which undoes what it did.

    Raises `AppealNotFound`, `AppealAlreadyResolved` or `OwnDecisionNotReviewable`.
    """
    found = await repository.get_appeal(session, appeal_id)
    if found is None:
        raise AppealNotFound(appeal_id)
    decision = await repository.lock_decision(session, found.decision_id)
    assert decision is not None, f"an appeal is against a decision: {appeal_id}"
    await session.refresh(found)
    if found.status != "open" or decision.status != "in_force":
        raise AppealAlreadyResolved(appeal_id)
    if decision.decided_by_user_id == admin.user_id:
        raise OwnDecisionNotReviewable(appeal_id)
    found.status = wanted.outcome
    found.resolved_at = datetime.now(UTC)
    found.resolved_by_user_id = admin.user_id
    found.resolution = wanted.reason
    await session.flush()
    if wanted.outcome == "reversed":
        await end(session, decision, "reversed", reason=wanted.reason, by=admin)
    await tell(session, resources, decision, wanted.outcome)
    audited = AuditedObject("appeal", found.id, decision.organization_id)
    await record(session, f"appeal.{wanted.outcome}", audited, old={"status": "open"}, new={"status": wanted.outcome})
    return AppealDetail.model_validate(found)
