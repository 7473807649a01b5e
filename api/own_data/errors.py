"""Why somebody can't be erased."""

from uuid import UUID

from api.errors import ApiError


class UserErased(ApiError):
    """The user is gone already."""

    status = 404

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"There is no user {user_id}")
