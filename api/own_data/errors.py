"""Why somebody can't be erased."""

from uuid import UUID

from api.errors import ApiError


class ExportsBusy(ApiError):
    """As many exports as may go on at once go on."""

    status = 503

    def __init__(self) -> None:
        super().__init__("Others are getting their data just now. Try again in a moment.")


class UserErased(ApiError):
    """The user is gone already."""

    status = 404

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"There is no user {user_id}")
