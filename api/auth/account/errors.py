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


class PasswordTooShort(ApiError):
    """The password has fewer characters than it must."""

    status = 422


class SecondFactorRequired(ApiError):
    """The password is right, and the account needs a second factor, which was not sent."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "This account has a second factor: send `totp_code`, a code of the authenticator app or a recovery code"
        )


class SecondFactorWrong(ApiError):
    """The code is wrong, was used already, or came after too many wrong ones."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "The code is wrong or was used already. Wait for the next one of the authenticator app; after several "
            "wrong ones none is taken for a while"
        )
