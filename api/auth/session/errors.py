"""What can go wrong with sessions."""

from uuid import UUID

from api.auth.errors import INVALID_TOKEN
from api.errors import ApiError


class RefreshTokenReused(ApiError):
    """A refresh token came a second time: two programs hold it, and one of them may have stolen it."""

    status = 401

    def __init__(self, session_id: UUID) -> None:
        super().__init__(
            "This refresh token was used before, so the log-in it belongs to was ended: somebody may have copied it. "
            f"Log in again. Session: {session_id}",
            headers=INVALID_TOKEN,
        )


class SessionNotFound(ApiError):
    """The user has no such session, or it is over."""

    status = 404

    def __init__(self, session_id: UUID) -> None:
        super().__init__(f"There is no session {session_id}")
