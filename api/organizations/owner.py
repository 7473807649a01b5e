"""A permission: owners of the asking user's organization."""

from typing import Annotated

from fastapi import Depends

from api.auth.identity import Identity
from api.dependencies import CurrentUser, Resources
from api.organizations import repository
from api.organizations.errors import OwnerRequired
from api.tenancy import PLATFORM


async def _owner(user: CurrentUser, resources: Resources) -> Identity:
    """Let owners through, as the database has them now: no token says who is one. Raises `OwnerRequired` (403)."""
    async with resources.database.reading(PLATFORM) as session:
        if not await repository.is_owner(session, user.organization_id, user.user_id):
            raise OwnerRequired
    return user


RequireOwner = Annotated[Identity, Depends(_owner)]
