"""The statement of reasons an organization is owed for a decision against it."""

from datetime import UTC, datetime, timedelta

from api.models import Appeal, Decision
from api.moderation.schemas import AdminDecision, AppealDetail, Redress
from api.routing import API_PREFIX

# Six months and a little (Regulation (EU) 2022/2065, article 20(1)).
APPEAL_WINDOW_DAYS = 184

EFFECTS = {
    "prompt_takedown": "The prompt is off the market and can't be published. Organizations that bought it keep it; "
    "orders, refunds and money are not touched.",
    "review_hiding": "The review is not shown to others. It counts as written, and its author still sees it.",
    "ranking_hold": "What the hold is about is left out of rankings from the next publication on. It stays for sale, "
    "and orders, refunds and money are not touched.",
    "money_hold": "Money of sales is not paid out while the hold lasts. Prompts stay for sale and keep their ranks; "
    "buyers' refunds go on as always.",
}
SCOPE = "everywhere"
FURTHER_REDRESS = (
    "An out-of-court dispute settlement body certified under article 21 of Regulation (EU) 2022/2065, and the courts."
)


def appeal_until(decision: Decision) -> datetime:
    """When the time to appeal ends."""
    return decision.decided_at + timedelta(days=APPEAL_WINDOW_DAYS)


def is_in_force(decision: Decision) -> bool:
    """Whether a decision holds now: a hold can end by itself."""
    is_over = decision.ends_at is not None and decision.ends_at <= datetime.now(UTC)
    return decision.status == "in_force" and not is_over


def state_reasons(decision: Decision, appeal: Appeal | None) -> AdminDecision:
    """The statement of a decision, with the operators' names for those who may see them."""
    until = appeal_until(decision)
    return AdminDecision.model_validate(
        {
            **decision.to_dict(),
            "effect": EFFECTS[decision.kind],
            "scope": SCOPE,
            "redress": Redress(
                appeal_url=f"{API_PREFIX}/decisions/{decision.id}/appeal",
                appeal_until=until,
                is_appealable=appeal is None and is_in_force(decision) and datetime.now(UTC) < until,
                further=FURTHER_REDRESS,
            ),
            "appeal": AppealDetail.model_validate(appeal) if appeal is not None else None,
        }
    )
