"""What can go wrong with decisions and appeals."""

from datetime import datetime
from uuid import UUID

from api.errors import ApiError, ValidationFailed


class DecisionNotFound(ApiError):
    """No such decision, or one against another organization: which one is not told."""

    status = 404

    def __init__(self, decision_id: UUID) -> None:
        super().__init__(f"There is no decision {decision_id}")


class AppealNotFound(ApiError):
    """No such appeal."""

    status = 404

    def __init__(self, appeal_id: UUID) -> None:
        super().__init__(f"There is no appeal {appeal_id}")


class DecisionTargetNotFound(ValidationFailed):
    """The prompt, review or organization to decide about does not exist."""

    def __init__(self, target_id: UUID) -> None:
        super().__init__(f"There is nothing with this id to decide about: {target_id}")


class DecisionAlreadyInForce(ApiError):
    """The same was decided before and still holds."""

    status = 409

    def __init__(self, target_id: UUID) -> None:
        super().__init__(f"A decision of this kind is in force already against {target_id}")


class DecisionEnded(ApiError):
    """The decision no longer holds."""

    status = 409

    def __init__(self, decision_id: UUID) -> None:
        super().__init__(f"This decision has ended already: {decision_id}")


class DecisionAlreadyAppealed(ApiError):
    """A decision can be appealed once."""

    status = 409

    def __init__(self, decision_id: UUID) -> None:
        super().__init__(f"This decision was appealed before, which is possible once: {decision_id}")


class AppealWindowClosed(ApiError):
    """The appeal comes too late."""

    status = 409

    def __init__(self, decision_id: UUID, *, closed_at: datetime) -> None:
        super().__init__(f"The time to appeal ended at {closed_at.isoformat()}. Decision: {decision_id}")


class AppealAlreadyResolved(ApiError):
    """Somebody resolved the appeal before."""

    status = 409

    def __init__(self, appeal_id: UUID) -> None:
        super().__init__(f"This appeal has been resolved already: {appeal_id}")


class OwnDecisionNotReviewable(ApiError):
    """Whoever decided does not judge the appeal."""

    status = 403

    def __init__(self, appeal_id: UUID) -> None:
        super().__init__(f"You made the decision; another operator has to resolve the appeal {appeal_id}")


class MoneyHeld(ApiError):
    """Money must not go out to the organization."""

    status = 409

    def __init__(self, decision_id: UUID) -> None:
        super().__init__(f"Money of this organization is held by decision {decision_id}")
