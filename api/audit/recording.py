"""Notes an action in the transaction that does it: both happen, or neither."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ScalarSelect, Text, cast, insert, select

from api.audit.context import current_request, origin_of
from api.auth.identity import Identity
from api.database import AsyncWriteSession
from api.models import AuditEntry, AuditOrigin, User

USER = "user"
# Never written, whatever a caller hands over: secrets, and what would name a person after an erasure.
WITHHELD_FIELDS = frozenset(
    {"password", "password_hash", "secret", "totp_secret", "token", "key", "key_hash", "email", "name", "template"}
)
WITHHELD = "(withheld)"


@dataclass(frozen=True)
class AuditedObject:
    """What an action was done to: `type` is the singular of its table, `organization_id` whose it is."""

    type: str
    id: UUID
    organization_id: UUID | None = None


@dataclass(frozen=True)
class Actor:
    """Who acted. Taken from the request unless the request is what makes the person known, as a log-in does."""

    user_id: UUID | None
    organization_id: UUID | None
    role: str | None
    api_key_id: UUID | None = None


SYSTEM = Actor(None, None, None)


async def record(
    session: AsyncWriteSession,
    action: str,
    audited: AuditedObject,
    *,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    actor: Actor | None = None,
) -> None:
    """Note an action (`object.past_verb`) with the values before and after it, in the caller's transaction.

    Who and from where come from the request being answered; without one the platform itself acted. Values are plain
    JSON, and hold no secrets and nothing that names a person.
    """
    scope = current_request.get()
    actor = actor or _actor(scope)
    entry_id = uuid4()
    subject_id = _subject(actor.user_id) if actor.user_id else None
    await session.execute(
        insert(AuditEntry).values(
            id=entry_id,
            actor_subject_id=subject_id,
            actor_role=actor.role,
            actor_organization_id=actor.organization_id,
            api_key_id=actor.api_key_id,
            action=action,
            object_type=audited.type,
            object_id=cast(_subject(audited.id), Text) if audited.type == USER else str(audited.id),
            organization_id=audited.organization_id,
            old_value=_without_secrets(old),
            new_value=_without_secrets(new),
        )
    )
    if scope is not None:
        origin = origin_of(scope)
        await session.execute(
            insert(AuditOrigin).values(
                entry_id=entry_id,
                subject_id=subject_id,
                address=origin.address,
                user_agent=origin.user_agent,
                request_id=origin.request_id,
            )
        )


def _actor(scope: Any) -> Actor:
    identity: Identity | None = scope.get("state", {}).get("identity") if scope is not None else None
    if identity is None:
        return SYSTEM
    return Actor(identity.user_id, identity.organization_id, identity.role, identity.api_key_id)


def _subject(user_id: UUID) -> ScalarSelect[UUID]:
    return select(User.subject_id).where(User.id == user_id).scalar_subquery()


def _without_secrets(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {name: WITHHELD if name in WITHHELD_FIELDS else each for name, each in value.items()}
