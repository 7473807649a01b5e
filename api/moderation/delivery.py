"""Tells the owners of an organization by mail what was decided against it, and what became of it."""

from typing import Any, Literal
from uuid import UUID

from api.database import AsyncWriteSession
from api.lifespan import Resources
from api.mail.mailer import Mail, MailRefused
from api.models import Decision
from api.moderation import repository
from api.moderation.statement import EFFECTS, appeal_until
from api.outbox.worker import TaskImpossible
from api.routing import API_PREFIX
from api.tenancy import PLATFORM, enter

News = Literal["made", "lifted", "reversed", "upheld"]

SUBJECTS: dict[News, str] = {
    "made": "A decision about your organization",
    "lifted": "A decision about your organization was lifted",
    "reversed": "Your appeal succeeded",
    "upheld": "Your appeal was looked at",
}


async def tell(session: AsyncWriteSession, resources: Resources, decision: Decision, news: News) -> None:
    """Owe the organization's owners a mail each, in the transaction that makes the news. Call it last."""
    # What is owed to the outside is the platform's to write.
    await enter(session, PLATFORM)
    for user_id in await repository.list_people(session, decision.organization_id):
        resources.outbox.put(
            session, "mail.decision", user_id=str(user_id), decision_id=str(decision.id), news=news
        )  # fmt: skip


async def send_decision(resources: Resources, payload: dict[str, Any]) -> None:
    """Send one person the news of a decision: a task of the outbox."""
    async with resources.database.reading(PLATFORM) as session:
        email = await repository.find_email(session, UUID(payload["user_id"]))
        found = await repository.find_decision(session, UUID(payload["decision_id"]), organization_id=None)
    if email is None or found is None:
        # Who was erased since is owed nothing any more.
        return
    try:
        await resources.mailer.send(write(email, found[0], payload["news"]))
    except MailRefused as error:
        raise TaskImpossible(str(error)) from error


def write(to: str, decision: Decision, news: News) -> Mail:
    """The mail: the statement of reasons, or what became of it."""
    place = f"{API_PREFIX}/decisions/{decision.id}"
    if news == "made":
        text = (
            f"{EFFECTS[decision.kind]}\n\nWhy: {decision.rule}\n\n{decision.facts}\n\n"
            f"You can read all of it at {place}, and object until {appeal_until(decision):%Y-%m-%d} "
            f"with POST {place}/appeal. Somebody who did not decide will look at it."
        )
    elif news == "upheld":
        text = f"The decision stands. Why, you can read at {place}."
    else:
        text = f"What the decision did is undone: {decision.end_reason}\n\nYou can read all of it at {place}."
    return Mail(to=to, subject=SUBJECTS[news], text=text + "\n")
