"""Bodies of the operators' routes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.auth.identity import Role
from api.schema import Line, RequestBody, ResponseBody

Words = Annotated[str, Field(min_length=1, max_length=200, description="Part of the e-mail or name")]


class Reason(RequestBody):
    """Why."""

    reason: Line


class RoleChange(Reason):
    """What the user may do from now on, and why."""

    role: Role


class AdminUser(ResponseBody):
    """A user as operators see it."""

    id: UUID
    email: str | None = Field(description="Null for imported users, who have no log-in")
    role: Role
    is_active: bool
    organization_id: UUID
    organization_name: str
    created_at: datetime
    updated_at: datetime


class AdminOrganization(ResponseBody):
    """An organization as operators see it."""

    id: UUID
    name: str
    is_imported: bool
    user_count: int
    prompt_count: int
    order_count: int = Field(description="Paid orders it made")
    open_decision_count: int = Field(description="Decisions in force against it")
    created_at: datetime
