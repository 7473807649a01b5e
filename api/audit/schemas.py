"""Queries and answers of the audit log."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.pagination import LONGEST_CURSOR, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from api.schema import Moment, ResponseBody

Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")]


class AuditFilter(BaseModel):
    """Which entries are wanted."""

    model_config = ConfigDict(extra="forbid")

    actor_user_id: UUID | None = Field(None, description="Who acted")
    object_type: Word | None = Field(None, examples=["order"])
    # What is no UUID, such as a publication, has a name.
    object_id: Annotated[UUID | Word, Field(union_mode="left_to_right")] | None = Field(
        None, description="What it was done to"
    )
    action: Word | None = Field(None, examples=["order.refunded"])
    since: Moment | None = Field(None, description="At this moment or later")
    until: Moment | None = Field(None, description="Before this moment")
    cursor: str | None = Field(None, max_length=LONGEST_CURSOR, description="`next_cursor` of the page before")
    limit: int = Field(PAGE_SIZE_DEFAULT, ge=1, le=PAGE_SIZE_MAX, description="Items on a page")


class AdminAuditFilter(AuditFilter):
    """Which entries are wanted, of all organizations."""

    organization_id: UUID | None = Field(None, description="Whose object it was, or whose member acted")


class AuditActor(ResponseBody):
    """Who acted. Without a user the platform acted by itself, or the user was erased since."""

    user_id: UUID | None
    email: str | None
    role: str | None = Field(description="The role the user had then; null for the platform itself")
    organization_id: UUID | None
    api_key_id: UUID | None


class AuditOriginDetail(ResponseBody):
    """Where the action came from."""

    address: str | None
    user_agent: str | None
    request_id: str | None


class AuditEntryDetail(ResponseBody):
    """One action."""

    id: UUID
    occurred_at: datetime
    action: str = Field(examples=["prompt.repriced"])
    object_type: str = Field(examples=["prompt"])
    object_id: str | None = Field(description="A UUID, or a publication's name; null for a user who was erased since")
    organization_id: UUID | None = Field(description="Whose object it is")
    actor: AuditActor
    origin: AuditOriginDetail | None = Field(
        description="Null where no request led to it, and for actions of people outside your organization"
    )
    old_value: dict[str, Any] | None
    new_value: dict[str, Any] | None
