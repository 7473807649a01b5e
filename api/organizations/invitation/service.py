"""Inviting, and joining."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from api.audit import Actor, AuditedObject, record
from api.audit.context import Origin
from api.auth.account.errors import EmailAlreadyRegistered
from api.auth.account.password_policy import check_password
from api.auth.account.profile import user_profile
from api.auth.account.repository import find_by_email
from api.auth.account.schemas import Registered
from api.auth.identity import Identity
from api.auth.link import repository as links
from api.auth.link.errors import LinkInvalid
from api.auth.link.signer import LIFETIMES
from api.auth.session.service import begin_session
from api.database import AsyncReadSession, AsyncWriteSession
from api.lifespan import Resources
from api.models import Invitation, User
from api.organizations.invitation import repository
from api.organizations.invitation.errors import (
    EmailNotInvitable,
    InvitationAlreadyOpen,
    InvitationNotFound,
    TooManyInvitations,
)
from api.organizations.invitation.schemas import InvitationAcceptance, InvitationBody, InvitationDetail
from api.organizations.repository import lock
from api.pagination import decode_id_cursor, encode_cursor
from api.schema import Page
from api.tenancy import PLATFORM

# Each is a mail to somebody who may not want it.
OPEN_MAX = 100


async def invite(
    session: AsyncWriteSession, resources: Resources, owner: Identity, wanted: InvitationBody
) -> InvitationDetail:
    """Invite an address. Raises `EmailNotInvitable`, `InvitationAlreadyOpen` and `TooManyInvitations`."""
    async with resources.database.reading(PLATFORM) as reading:
        if await find_by_email(reading, wanted.email) is not None:
            raise EmailNotInvitable(wanted.email)
    await lock(session, owner.organization_id)
    if await repository.count_open(session, owner.organization_id) >= OPEN_MAX:
        raise TooManyInvitations(OPEN_MAX)
    made = await repository.add(
        session,
        owner.organization_id,
        owner.user_id,
        email=wanted.email,
        role=wanted.role,
        lifetime=LIFETIMES["invitation"],
    )
    if made is None:
        raise InvitationAlreadyOpen(wanted.email)
    await _note(session, made, "invitation.sent")
    resources.outbox.put(session, "mail.invitation", invitation_id=str(made.id))
    return InvitationDetail.model_validate(made)


async def list_open(
    session: AsyncReadSession, owner: Identity, *, cursor: str | None, limit: int
) -> Page[InvitationDetail]:
    """Invitations without an answer."""
    rows = await repository.list_open(
        session, owner.organization_id, after_id=decode_id_cursor(cursor), limit=limit + 1
    )
    page = rows[:limit]
    return Page(
        items=[InvitationDetail.model_validate(row) for row in page],
        next_cursor=encode_cursor(str(page[-1].id)) if len(rows) > limit else None,
    )


async def send_again(
    session: AsyncWriteSession, resources: Resources, owner: Identity, invitation_id: UUID
) -> InvitationDetail:
    """A new mail, whose link takes the place of the earlier one. Raises `InvitationNotFound`."""
    invitation = await repository.lock_open(session, owner.organization_id, invitation_id)
    if invitation is None:
        raise InvitationNotFound(invitation_id)
    invitation.expires_at = datetime.now(UTC) + LIFETIMES["invitation"]
    await links.void_of_invitation(session, invitation.id)
    await _note(session, invitation, "invitation.sent")
    resources.outbox.put(session, "mail.invitation", invitation_id=str(invitation.id))
    return InvitationDetail.model_validate(invitation)


async def revoke(session: AsyncWriteSession, owner: Identity, invitation_id: UUID) -> None:
    """From now on the link leads nowhere. Raises `InvitationNotFound`."""
    invitation = await repository.lock_open(session, owner.organization_id, invitation_id)
    if invitation is None:
        raise InvitationNotFound(invitation_id)
    invitation.revoked_at = datetime.now(UTC)
    await links.void_of_invitation(session, invitation.id)
    await _note(session, invitation, "invitation.revoked")


async def accept(resources: Resources, wanted: InvitationAcceptance, origin: Origin) -> Registered:
    """Join the organization, logged in.

    Raises `LinkInvalid`, `EmailAlreadyRegistered` and what `check_password` raises.
    """
    token_hash = resources.links.read(wanted.token, "invitation")
    async with resources.database.reading(PLATFORM) as reading:
        link = await links.find(reading, "invitation", token_hash)
        found = await repository.find_open(reading, link.invitation_id) if link and link.invitation_id else None
    if found is None:
        raise LinkInvalid
    invitation, organization = found
    await check_password(wanted.password, own=(invitation.email, organization.name))
    password_hash = await resources.passwords.hash(wanted.password)
    async with resources.database.writing(PLATFORM) as session:
        if await links.use(session, "invitation", token_hash) is None:
            raise LinkInvalid
        if not await repository.accept(session, invitation.id):
            raise LinkInvalid
        user = await _join(session, invitation, password_hash)
        tokens = await begin_session(session, resources, user, origin)
    assert tokens is not None, f"a user who joins in this transaction is active: {user.id}"
    return Registered(**tokens.model_dump(), user=user_profile(user, organization))


async def _join(session: AsyncWriteSession, invitation: Invitation, password_hash: str) -> User:
    try:
        user = await repository.add_member(session, invitation, password_hash=password_hash)
    except IntegrityError:
        # Registered with another organization since it was invited.
        raise EmailAlreadyRegistered(invitation.email) from None
    await record(
        session,
        "user.joined",
        AuditedObject("user", user.id, user.organization_id),
        new={"role": user.role},
        actor=Actor(user.id, user.organization_id, user.role),
    )
    return user


async def _note(session: AsyncWriteSession, invitation: Invitation, action: str) -> None:
    audited = AuditedObject("invitation", invitation.id, invitation.organization_id)
    await record(session, action, audited, new={"role": invitation.role})
