"""The scope of a transaction: who asks, for which organization, in which role."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

# The setting of Postgres a scope stands in, for the length of a transaction.
SETTING = "app.scope"


@dataclass(frozen=True)
class Scope:
    """What policies decide by. `platform` is the product's own work, on behalf of no organization."""

    role: Literal["nobody", "buyer", "seller", "admin", "platform"]
    organization_id: UUID | str | None = None
    user_id: UUID | None = None


NOBODY = Scope("nobody")
"""Sees what everybody sees."""

PLATFORM = Scope("platform")
"""For the product's own work alone: settlement, webhooks, registration, log-in, the journal. Each use names it."""


class ScopeSigner:
    """Writes scopes in the form the database believes: `role:organization:user:HMAC-SHA256`."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, scope: Scope) -> str:
        """The text of the setting; empty for nobody."""
        if scope.role == "nobody":
            return ""
        text = f"{scope.role}:{scope.organization_id or ''}:{scope.user_id or ''}"
        return f"{text}:{hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()}"
