"""What can go wrong with identity."""

from uuid import UUID

from api.errors import ApiError


class CredentialsWrong(ApiError):
    """The e-mail is unknown, the password is wrong or the account is closed: which one is not told."""

    status = 401

    def __init__(self) -> None:
        super().__init__("E-mail or password is wrong")


class TokenInvalid(ApiError):
    """The token is not one of ours, was changed, or is of another type."""

    status = 401

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The token can't be accepted: {reason}. Log in again.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )


class TokenExpired(ApiError):
    """The token was good and its time is over."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "The token has expired. Get a new one with the refresh token, or log in again.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token", error_description="expired"'},
        )


class LoginEnded(ApiError):
    """The user logged out."""

    status = 401

    def __init__(self, login_id: UUID) -> None:
        super().__init__(
            f"This log-in was ended by logging out. Log in again. Log-in: {login_id}",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )


class EmailAlreadyRegistered(ApiError):
    """An account with this e-mail exists."""

    status = 409

    def __init__(self, email: str) -> None:
        super().__init__(f"There is already an account for {email}")


class PasswordTooCommon(ApiError):
    """The password is one that is tried first."""

    status = 422
