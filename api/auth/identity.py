"""Who a request comes from, as its token says."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Role = Literal["buyer", "seller", "admin"]


@dataclass(frozen=True)
class Identity:
    """A user, the organization it acts for, and the log-in it came through."""

    user_id: UUID
    organization_id: UUID
    email: str
    role: Role
    login_id: UUID
