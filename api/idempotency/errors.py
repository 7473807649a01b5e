"""What can go wrong with an `Idempotency-Key`."""

from api.errors import ApiError

RETRY_AFTER_SECONDS = "1"


class IdempotencyKeyMalformed(ApiError):
    """The key is empty, too long, or holds what does not print."""

    status = 400

    def __init__(self) -> None:
        super().__init__("Idempotency-Key must be 1 to 255 printable ASCII characters")


class IdempotencyKeyReused(ApiError):
    """The key was sent before, with another request."""

    status = 409

    def __init__(self, key: str) -> None:
        super().__init__(
            "This Idempotency-Key was sent before with another route or body: a new request needs a new key. "
            f"Key: {key}"
        )


class IdempotencyKeyInUse(ApiError):
    """The first request with this key is still being worked on."""

    status = 409

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The first request with this Idempotency-Key is not answered yet. Send it again in a moment. Key: {key}",
            headers={"Retry-After": RETRY_AFTER_SECONDS},
        )


class IdempotentOutcomeUnknown(ApiError):
    """The first request with this key was interrupted, and may have had its effect."""

    status = 409

    def __init__(self, key: str) -> None:
        super().__init__(
            "The first request with this Idempotency-Key was interrupted and may have had its effect. Look at what "
            f"there is now, and send what is still missing with a new key. Key: {key}"
        )


class IdempotentAnswerWithheld(ApiError):
    """The first request with this key was answered with a secret, which is not kept."""

    status = 409

    def __init__(self, key: str) -> None:
        super().__init__(
            "The request with this Idempotency-Key was done. Its answer held a secret and was not kept: log in or "
            f"make a new one. Key: {key}"
        )


class IdempotentClaimLost(ApiError):
    """The request took so long that another one with its key was let through; this one is undone."""

    status = 503

    def __init__(self, key: str) -> None:
        super().__init__(f"The request took too long and was undone. Send it again. Key: {key}")


CONFLICTS = (IdempotencyKeyReused, IdempotencyKeyInUse, IdempotentOutcomeUnknown, IdempotentAnswerWithheld)
