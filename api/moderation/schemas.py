"""Bodies of decisions and appeals. A statement of reasons has the fields of Regulation (EU) 2022/2065, 17(3)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from api.schema import Line, LongText, RequestBody, ResponseBody

DecisionKind = Literal["prompt_takedown", "review_hiding", "ranking_hold", "money_hold"]
DecisionReason = Literal[
    "illegal_content",
    "rights_infringement",
    "harmful_prompt",
    "misleading_listing",
    "spam",
    "manipulated_ranking",
    "suspected_fraud",
    "payment_disputes",
    "other",
]
DecisionStatus = Literal["in_force", "lifted", "reversed"]
AppealStatus = Literal["open", "upheld", "reversed"]
Ground = Literal["law", "terms"]
DetectedBy = Literal["own_initiative", "notice"]

# What each kind of decision is about; the first one given names it.
TARGETS: dict[str, tuple[str, ...]] = {
    "prompt_takedown": ("prompt_id",),
    "review_hiding": ("review_id",),
    "ranking_hold": ("prompt_id", "organization_id"),
    "money_hold": ("organization_id",),
}


class NewDecision(RequestBody):
    """What to decide against whom, and why. Takedowns and hidings last until they are ended."""

    kind: DecisionKind
    prompt_id: UUID | None = Field(None, description="For prompt_takedown, and for a ranking_hold of one prompt")
    review_id: UUID | None = Field(None, description="For review_hiding")
    organization_id: UUID | None = Field(None, description="For money_hold, and for a ranking_hold of all its prompts")
    reason: DecisionReason
    ground: Ground = Field(description="Whether it breaks the law or the terms")
    rule: Line = Field(description="Which law or which clause of the terms", examples=["Terms, 4.2: no bought orders"])
    facts: LongText = Field(description="What happened and how it breaks the rule")
    detected_by: DetectedBy = Field("own_initiative", description="Whether somebody notified the platform of it")
    ends_at: AwareDatetime | None = Field(None, description="When a hold ends by itself")

    @model_validator(mode="after")
    def _name_one_target(self) -> "NewDecision":
        given = [name for name in ("prompt_id", "review_id", "organization_id") if getattr(self, name) is not None]
        if len(given) != 1 or given[0] not in TARGETS[self.kind]:
            raise ValueError(f"{self.kind} needs {' or '.join(TARGETS[self.kind])}, and nothing else to be about")
        if self.ends_at is not None and self.kind not in ("ranking_hold", "money_hold"):
            raise ValueError("ends_at is for holds")
        return self

    @property
    def target_id(self) -> UUID:
        """What the decision is about."""
        target = self.prompt_id or self.review_id or self.organization_id
        assert target is not None
        return target


class EndDecision(RequestBody):
    """Why a decision is lifted."""

    reason: LongText


class NewAppeal(RequestBody):
    """Why the decision is wrong."""

    text: LongText


class ResolveAppeal(RequestBody):
    """What becomes of the decision, and why."""

    outcome: Literal["upheld", "reversed"] = Field(
        description="`upheld`: the decision stands; `reversed`: it is undone"
    )
    reason: LongText


class AppealDetail(ResponseBody):
    """An appeal against a decision."""

    id: UUID
    decision_id: UUID
    text: str
    status: AppealStatus = Field(description="`upheld`: the decision stands; `reversed`: it was undone")
    appealed_at: datetime
    resolved_at: datetime | None
    resolution: str | None = Field(description="Why it was resolved so")


class Redress(ResponseBody):
    """What can be done against the decision."""

    appeal_url: str
    appeal_until: datetime
    is_appealable: bool = Field(description="In force, in time, and not appealed before")
    further: str = Field(description="What is open besides the appeal")


class StatementOfReasons(ResponseBody):
    """A decision with everything the organization is owed to know of it."""

    id: UUID
    kind: DecisionKind
    effect: str = Field(description="What the decision does, and what it does not touch")
    scope: str = Field(description="Where it holds")
    status: DecisionStatus
    organization_id: UUID
    prompt_id: UUID | None
    review_id: UUID | None
    reason: DecisionReason
    ground: Ground
    rule: str
    facts: str
    detected_by: DetectedBy
    is_automated: bool = Field(description="False: a person decided")
    decided_at: datetime
    ends_at: datetime | None = Field(description="When it ends by itself; null until it is lifted or reversed")
    ended_at: datetime | None
    end_reason: str | None
    redress: Redress
    appeal: AppealDetail | None


class AdminDecision(StatementOfReasons):
    """A decision as operators see it."""

    decided_by_user_id: UUID | None
    ended_by_user_id: UUID | None
