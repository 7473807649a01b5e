"""Mails to users, as tasks of the outbox.

The link in a mail is made here, when the mail is: until then nothing that lets anybody in is written down anywhere.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from api.auth.account.repository import find_by_email
from api.auth.link import repository as links
from api.auth.link.signer import LIFETIMES, Purpose, fingerprint
from api.auth.recovery import repository
from api.lifespan import Resources
from api.mail import letter
from api.mail.mailer import Mail, MailRefused
from api.models import User
from api.outbox.worker import TaskImpossible
from api.tenancy import PLATFORM

logger = structlog.get_logger(__name__)

# Nobody's mailbox is filled by somebody who asks again and again in its name.
REPEATED_AFTER = timedelta(minutes=1)


async def send_verification(resources: Resources, payload: dict[str, Any]) -> None:
    """Ask a user to show that its e-mail is its own."""
    async with resources.database.reading(PLATFORM) as session:
        found = await repository.find_user(session, UUID(payload["user_id"]))
    if found is None or found[0].email_verified_at is not None:
        return
    user = found[0]
    await _send_link(resources, user, "email_verification", bound_to=fingerprint(user.email))


async def send_password_reset(resources: Resources, payload: dict[str, Any]) -> None:
    """Send whoever has this e-mail a link to a new password; to nobody when no account has it."""
    async with resources.database.reading(PLATFORM) as session:
        user = await find_by_email(session, payload["email"])
    # Users named by an import file have no password, and none to forget.
    if user is None or not user.is_active or user.password_hash is None:
        return
    await _send_link(resources, user, "password_reset", bound_to=fingerprint(str(user.password_generation)))


async def send_notice(resources: Resources, payload: dict[str, Any]) -> None:
    """Tell a user what was changed in its name."""
    async with resources.database.reading(PLATFORM) as session:
        found = await repository.find_user(session, UUID(payload["user_id"]))
    if found is not None:
        await deliver(resources, letter.notice(str(found[0].email), payload["notice"]))


async def _send_link(resources: Resources, user: User, purpose: Purpose, *, bound_to: bytes) -> None:
    page, write = PAGES[purpose]
    signed = resources.links.sign(purpose)
    async with resources.database.writing(PLATFORM) as session:
        if await links.was_sent_within(session, purpose, user.id, REPEATED_AFTER):
            logger.info("link_not_repeated", purpose=purpose)
            return
        link_id = await links.add(session, purpose, signed, bound_to=bound_to, user_id=user.id)
    url = link_url(resources, page, signed.token)
    await deliver(resources, write(str(user.email), url, LIFETIMES[purpose]))
    async with resources.database.writing(PLATFORM) as session:
        await links.mark_sent(session, link_id)


PAGES = {
    "email_verification": ("verify-email", letter.verification),
    "password_reset": ("reset-password", letter.password_reset),
}


def link_url(resources: Resources, page: str, token: str) -> str:
    """Where a link leads."""
    return f"{resources.settings.account_pages_url}/{page}?token={token}"


async def deliver(resources: Resources, mail: Mail) -> None:
    """Send a mail. Raises `TaskImpossible` when it will never be taken, `MailUndelivered` when it may be later."""
    try:
        await resources.mailer.send(mail)
    except MailRefused as error:
        raise TaskImpossible(str(error)) from error
