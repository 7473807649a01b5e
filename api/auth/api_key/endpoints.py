"""`/api/v1/auth/api-keys`."""

from uuid import UUID

from fastapi import status

from api.auth.api_key import service
from api.auth.api_key.errors import ApiKeyNotFound, ScopeNotGrantable
from api.auth.api_key.schemas import ApiKeyDetail, CreatedApiKey, NewApiKey
from api.dependencies import CurrentUser, ReadSession, Resources, WriteSession
from api.errors import ServiceUnavailable, problem_responses
from api.pagination import PAGE_SIZE_DEFAULT, Cursor, Limit
from api.routing import feature_router
from api.schema import Page

router = feature_router("auth")


@router.post(
    "/api-keys",
    status_code=status.HTTP_201_CREATED,
    summary="Make an API key",
    responses=problem_responses(ScopeNotGrantable),
)
async def create(new: NewApiKey, user: CurrentUser, session: WriteSession, resources: Resources) -> CreatedApiKey:
    """For a program of your organization. The key is in this answer and nowhere else."""
    return await service.create(session, resources, user, new)


@router.get("/api-keys", summary="The API keys of your organization")
async def list_keys(
    user: CurrentUser, session: ReadSession, cursor: Cursor = None, limit: Limit = PAGE_SIZE_DEFAULT
) -> Page[ApiKeyDetail]:
    """The newest first, without their secrets; revoked ones are left out."""
    return await service.list_keys(session, user, cursor=cursor, limit=limit)


@router.delete(
    "/api-keys/{api_key_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Revoke an API key",
    responses=problem_responses(ApiKeyNotFound, ServiceUnavailable),
)
async def revoke(api_key_id: UUID, user: CurrentUser, session: WriteSession, resources: Resources) -> None:
    """Whoever of your organization made it. It is refused at once."""
    await service.revoke(session, resources, user, api_key_id)
