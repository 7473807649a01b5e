"""The scope of a request's transactions. The one place that says what an identity may see in the database."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.auth.identity import Identity
from warehouse.tenancy import NOBODY, PLATFORM, SETTING, Scope, ScopeSigner

__all__ = ["NOBODY", "PLATFORM", "Scope", "enter", "scope_of"]

_ENTER = text("select set_config(:setting, :scope, true)")
_SIGNER = "scope_signer"


def scope_of(identity: Identity | None) -> Scope:
    """What a user's own requests may see: what is its organization's or public; for operators everything."""
    if identity is None:
        return NOBODY
    return Scope(identity.role, identity.organization_id, identity.user_id)


def remember_signer(session: AsyncSession, signer: ScopeSigner) -> None:
    """Let a session change its scope later."""
    session.info[_SIGNER] = signer


async def enter(session: AsyncSession, scope: Scope) -> None:
    """Give the rest of the transaction another scope, as for what only the platform may write after a user asked."""
    signer: ScopeSigner = session.info[_SIGNER]
    await session.execute(_ENTER, {"setting": SETTING, "scope": signer.sign(scope)})
