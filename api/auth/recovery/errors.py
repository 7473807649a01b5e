"""What can go wrong with e-mails and passwords of an account."""

from api.errors import ApiError


class EmailNotVerified(ApiError):
    """The user has not shown yet that its e-mail is its own."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "This needs a verified e-mail. Open the link in the mail you were sent, or have it sent again with "
            "POST /api/v1/auth/verification"
        )


class PasswordWrong(ApiError):
    """The user is logged in, but the password it confirms this with is not its own."""

    status = 403

    def __init__(self) -> None:
        super().__init__("The password is wrong; nothing was changed")
