"""The mail of an invitation, as a task of the outbox."""

from typing import Any
from uuid import UUID

from api.auth.link import repository as links
from api.auth.link.signer import LIFETIMES, fingerprint
from api.auth.recovery.delivery import deliver, link_url
from api.lifespan import Resources
from api.mail import letter
from api.organizations.invitation import repository
from api.tenancy import PLATFORM


async def send_invitation(resources: Resources, payload: dict[str, Any]) -> None:
    """Invite somebody, unless the invitation was answered or revoked meanwhile."""
    signed = resources.links.sign("invitation")
    async with resources.database.writing(PLATFORM) as session:
        found = await repository.find_open(session, UUID(payload["invitation_id"]))
        if found is None:
            return
        invitation, organization = found
        link_id = await links.add(
            session, "invitation", signed, bound_to=fingerprint(invitation.email), invitation_id=invitation.id
        )
    url = link_url(resources, "accept-invitation", signed.token)
    await deliver(resources, letter.invitation(invitation.email, organization.name, url, LIFETIMES["invitation"]))
    async with resources.database.writing(PLATFORM) as session:
        await links.mark_sent(session, link_id)
