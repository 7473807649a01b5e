"""Why a message is not taken."""

from api.errors import ApiError


class SignatureInvalid(ApiError):
    """The message can't be shown to come from Stripe, now."""

    status = 400

    def __init__(self, reason: str) -> None:
        super().__init__(f"The message is not taken: {reason}")


class MessageMalformed(ApiError):
    """The signature is right, and what it signs is not an event."""

    status = 400

    def __init__(self, reason: str) -> None:
        super().__init__(f"The message is not an event of Stripe: {reason}")
