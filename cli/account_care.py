"""What ops do to an account from the command line, by the same functions and with the same notes as operators."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import psycopg
from psycopg.rows import DictRow

from api.admin.errors import LastOperator, UserHasNoLogin
from api.admin.service import set_active
from api.database import AsyncWriteSession
from api.lifespan import Resources, open_resources
from api.own_data.erasure import erase
from api.tenancy import PLATFORM
from cli.failure import CommandFailed
from warehouse.settings import get_settings

Care = Callable[[AsyncWriteSession, Resources], Awaitable[object]]


def find_account(connection: psycopg.Connection[DictRow], email: str) -> UUID:
    """The user with this e-mail. Raises `CommandFailed`."""
    row = connection.execute("select id from users where email = lower(%s)", [email.strip()]).fetchone()
    if row is None:
        raise CommandFailed(f"There is no user with the e-mail {email}")
    found: UUID = row["id"]
    return found


def change_activity(user_id: UUID, *, is_active: bool, reason: str) -> None:
    """Close an account, which ends its sessions, or open it again. Raises `CommandFailed`."""

    async def change(session: AsyncWriteSession, resources: Resources) -> object:
        return await set_active(session, resources, None, user_id, is_active=is_active, reason=reason)

    _run(change)


def erase_account(user_id: UUID, *, reason: str) -> None:
    """Erase a person. Raises `CommandFailed`."""

    async def leave(session: AsyncWriteSession, resources: Resources) -> object:
        return await erase(session, resources, user_id, requested_by="operator", reason=reason)

    _run(leave)


def _run(care: Care) -> None:
    # What a service logs has no place among what a command answers.
    settings = get_settings().model_copy(update={"log_level": "ERROR"})

    async def run() -> None:
        async with open_resources(settings) as resources, resources.database.writing(PLATFORM) as session:
            await care(session, resources)

    try:
        asyncio.run(run())
    except (LastOperator, UserHasNoLogin) as refused:
        raise CommandFailed(refused.detail) from None
