"""`/api/v1/admin/audit-log` and `/api/v1/organizations/me/audit-log`."""

from typing import Annotated

from fastapi import Query

from api.audit import service
from api.audit.schemas import AdminAuditFilter, AuditEntryDetail, AuditFilter
from api.dependencies import ReadSession, RequireAdmin
from api.errors import LoginRequired, RoleNotAllowed, problem_responses
from api.organizations.errors import OwnerRequired
from api.organizations.owner import RequireOwner
from api.routing import feature_router
from api.schema import Page

admin_router = feature_router("admin", LoginRequired, RoleNotAllowed)
organization_router = feature_router("organizations", LoginRequired)

ROUTERS = (admin_router, organization_router)


@admin_router.get("/audit-log", summary="Who did what, everywhere")
async def list_all(
    wanted: Annotated[AdminAuditFilter, Query()], _: RequireAdmin, session: ReadSession
) -> Page[AuditEntryDetail]:
    """Administrative and money actions, the newest first."""
    return await service.list_entries(session, wanted)


@organization_router.get(
    "/me/audit-log", summary="Who did what in your organization", responses=problem_responses(OwnerRequired)
)
async def list_own(
    wanted: Annotated[AuditFilter, Query()], owner: RequireOwner, session: ReadSession
) -> Page[AuditEntryDetail]:
    """For owners: what members of the organization did, and what was done to what is its own. The newest first."""
    return await service.list_entries(session, wanted, of=owner.organization_id)
