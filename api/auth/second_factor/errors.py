"""What can go wrong with setting up a second factor."""

from api.errors import ApiError


class SecondFactorAlreadySet(ApiError):
    """There is one; it is removed before another is set up."""

    status = 409

    def __init__(self) -> None:
        super().__init__("This account has a second factor already. Remove it with DELETE /api/v1/auth/totp first")


class SecondFactorNotSet(ApiError):
    """There is none, or its set-up was not begun."""

    status = 404

    def __init__(self) -> None:
        super().__init__("This account has no second factor. Begin with POST /api/v1/auth/totp")


class CodeWrong(ApiError):
    """The code is not the one the authenticator app shows now, or was used already."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "The code is wrong or was used already. Check the clock of the device, and wait for the next code"
        )


class PasswordTooShortAlone(ApiError):
    """The password is long enough beside a second factor, and too short without."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "Without a second factor the password must be longer. Set a longer one first, with POST "
            "/api/v1/auth/password"
        )
