"""For routes that need a verified e-mail, where the settings say so."""

from fastapi import Depends, Request

from api.auth.recovery import repository
from api.auth.recovery.errors import EmailNotVerified
from api.dependencies import Resources
from api.tenancy import PLATFORM


async def _require_verified_email(request: Request, resources: Resources) -> None:
    identity = request.state.identity
    # Whoever is not known is refused by the route itself.
    if identity is None or not resources.settings.needs_verified_email:
        return
    async with resources.database.reading(PLATFORM) as session:
        if not await repository.is_verified(session, identity.user_id):
            raise EmailNotVerified


# Among a route's `dependencies`. An API key acts for the user who made it, and needs that user's e-mail verified.
VERIFIED_EMAIL = Depends(_require_verified_email)
