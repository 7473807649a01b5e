"""What can go wrong with API keys."""

from uuid import UUID

from api.auth.errors import INVALID_TOKEN
from api.errors import ApiError


class ApiKeyInvalid(ApiError):
    """The key is unknown, expired, revoked, or was made by somebody who may not use it any more: which is not told."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "The API key can't be accepted: it is wrong, expired or revoked, or its maker's account was closed",
            headers=INVALID_TOKEN,
        )


class ApiKeyNotFound(ApiError):
    """The organization has no such key, or it was revoked before."""

    status = 404

    def __init__(self, api_key_id: UUID) -> None:
        super().__init__(f"There is no API key {api_key_id}")


class ScopeNotGrantable(ApiError):
    """A key can't be given more than its maker has."""

    status = 403
