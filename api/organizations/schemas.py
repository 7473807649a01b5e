"""Bodies of the routes for organizations and their members."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool, model_validator

from api.auth.identity import Role
from api.schema import Line, RequestBody, ResponseBody

# What an organization can make of its members. Operators are made by operators, the first on the command line.
MemberRole = Literal["buyer", "seller"]


class OrganizationDetail(ResponseBody):
    """A company as its members see it."""

    id: UUID
    name: str
    created_at: datetime
    member_count: int = Field(description="Users who may log in")


class OrganizationChange(RequestBody):
    """What may be changed."""

    name: Line


class MemberDetail(ResponseBody):
    """A user as members of the same organization see it."""

    id: UUID
    email: str
    role: Role
    is_owner: bool = Field(description="Owners manage the organization")
    is_active: bool
    is_email_verified: bool
    has_second_factor: bool
    created_at: datetime


class MemberChange(RequestBody):
    """What is to change; what is left out stays. Another role, or `is_active: false`, ends every session at once."""

    role: MemberRole | None = None
    is_active: StrictBool | None = None
    is_owner: StrictBool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.role is None and self.is_active is None and self.is_owner is None:
            raise ValueError("must name what is to change: role, is_active or is_owner")
        return self
