"""What can go wrong with registering and logging in."""

from api.errors import ApiError


class CredentialsWrong(ApiError):
    """The e-mail is unknown, the password is wrong or the account is closed: which one is not told."""

    status = 401

    def __init__(self) -> None:
        super().__init__("E-mail or password is wrong")


class EmailAlreadyRegistered(ApiError):
    """An account with this e-mail exists."""

    status = 409

    def __init__(self, email: str) -> None:
        super().__init__(f"There is already an account for {email}")


class PasswordTooCommon(ApiError):
    """The password is one that is tried first."""

    status = 422
