"""What can be wrong with a token or an API key."""

from uuid import UUID

from api.errors import ApiError

INVALID_TOKEN = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class TokenInvalid(ApiError):
    """The token is not one of ours, was changed, or is of another type."""

    status = 401

    def __init__(self, reason: str) -> None:
        super().__init__(f"The token can't be accepted: {reason}. Log in again.", headers=INVALID_TOKEN)


class TokenExpired(ApiError):
    """The token was good and its time is over."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "The token has expired. Get a new one with the refresh token, or log in again.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token", error_description="expired"'},
        )


class LoginEnded(ApiError):
    """The session was ended: by logging out, by an operator, or because of a change to the account."""

    status = 401

    def __init__(self, session_id: UUID) -> None:
        super().__init__(f"This log-in was ended. Log in again. Session: {session_id}", headers=INVALID_TOKEN)
