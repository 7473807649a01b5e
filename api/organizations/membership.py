"""Changes of a user's standing, whoever makes them: they end every session of the user at once."""

from dataclasses import dataclass

from api.audit import AuditedObject, record
from api.auth.identity import Role
from api.auth.session.service import end_sessions_of_user
from api.database import AsyncWriteSession
from api.lifespan import Resources
from api.models import User
from api.organizations import repository


@dataclass(frozen=True)
class Standing:
    """What a user is in its organization."""

    role: str
    is_active: bool
    is_owner: bool

    @classmethod
    def of(cls, user: User) -> "Standing":
        """A user's standing now."""
        return cls(user.role, user.is_active, user.is_owner)


async def change_standing(
    session: AsyncWriteSession,
    resources: Resources,
    user: User,
    *,
    role: Role | None = None,
    is_active: bool | None = None,
    is_owner: bool | None = None,
) -> None:
    """Change what is given of a user that the caller found, and may change. Changes nothing where all is so already."""
    old = Standing.of(user)
    user.role = role if role is not None else user.role
    user.is_active = is_active if is_active is not None else user.is_active
    user.is_owner = is_owner if is_owner is not None else user.is_owner
    new = Standing.of(user)
    if new == old:
        return
    await session.flush()
    await record(
        session,
        "user.standing_changed",
        AuditedObject("user", user.id, user.organization_id),
        old=vars(old),
        new=vars(new),
    )
    if old.is_active and not new.is_active:
        await end_sessions_of_user(session, resources, user.id, reason="deactivated")
    elif old.role != new.role:
        await end_sessions_of_user(session, resources, user.id, reason="role_changed")


async def pass_ownership_on(session: AsyncWriteSession, leaving: User) -> None:
    """Give the organization of an owner who leaves another, if nobody else manages it and there is anybody.

    The caller has locked the organization.
    """
    organization_id = leaving.organization_id
    if not leaving.is_owner or await repository.has_other_owner(session, organization_id, leaving.id):
        return
    heir = await repository.first_heir(session, organization_id, leaving.id)
    if heir is None:
        return
    old = Standing.of(heir)
    heir.is_owner = True
    await session.flush()
    audited = AuditedObject("user", heir.id, organization_id)
    await record(session, "user.standing_changed", audited, old=vars(old), new=vars(Standing.of(heir)))
