"""The errors the API answers, in Stripe's JSON shape.

See https://docs.stripe.com/api/errors and https://docs.stripe.com/error-codes for types and codes.
"""

from typing import Any, ClassVar

JsonObject = dict[str, Any]


class ApiError(Exception):
    """An error answer. Subclasses fix the HTTP status and Stripe's error type."""

    status: ClassVar[int] = 400
    type: ClassVar[str] = "invalid_request_error"
    is_stored: ClassVar[bool] = True
    """Whether an idempotency key keeps this answer. Stripe keeps what an endpoint answered once it began to execute,
    and forgets what was refused before that."""
    keeps_changes: ClassVar[bool] = False
    """Whether what the endpoint wrote before this error stays, as a declined charge does."""

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
        self.more = more

    def body(self) -> JsonObject:
        """The JSON object of the answer."""
        error: JsonObject = {"message": str(self), "type": self.type}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        error.update(self.more)
        return {"error": error}


class InvalidRequest(ApiError):
    """The request is well-formed but the state of the objects forbids it."""


class InvalidParameter(ApiError):
    """A parameter is missing, unknown or malformed: nothing was executed."""

    is_stored = False


class ResourceMissing(ApiError):
    """No object has the id."""

    status = 404

    def __init__(self, kind: str, object_id: str, *, param: str) -> None:
        super().__init__(f"No such {kind}: '{object_id}'", code="resource_missing", param=param)


class ReferenceMissing(ApiError):
    """A parameter names an object that does not exist."""

    is_stored = False

    def __init__(self, kind: str, object_id: str, *, param: str, hint: str = "") -> None:
        super().__init__(f"No such {kind}: '{object_id}'{hint}", code="resource_missing", param=param)


class UrlUnrecognized(ApiError):
    """No endpoint of the simulator has this method and path."""

    status = 404
    is_stored = False

    def __init__(self, method: str, path: str) -> None:
        super().__init__(
            f"Unrecognized request URL ({method}: {path}). The simulator has a part of Stripe's API only; "
            "see simulators/stripe/resources for what it knows."
        )


class ApiKeyInvalid(ApiError):
    """The request carries no API key, or one that is not a test key."""

    status = 401
    is_stored = False


class CardDeclined(ApiError):
    """The card was not charged; the failed attempt is recorded all the same."""

    status = 402
    type = "card_error"
    keeps_changes = True


class IdempotencyMismatch(ApiError):
    """An idempotency key came back with another request."""

    type = "idempotency_error"
    is_stored = False


class IdempotencyKeyInUse(ApiError):
    """The first request with this idempotency key is still under way."""

    status = 409
    is_stored = False

    def __init__(self, key: str) -> None:
        super().__init__(
            "There is currently another in-progress request using this Idempotent Key (that probably means you "
            f"submitted twice, and the other request is still going through): {key}. Please try again later.",
            code="idempotency_key_in_use",
        )


class RateLimited(ApiError):
    """Too many requests, by order of a fault."""

    status = 429
    is_stored = False

    def __init__(self) -> None:
        super().__init__(
            "Request rate limit exceeded. You can learn more about rate limits here "
            "https://stripe.com/docs/rate-limits.",
            code="rate_limit",
        )


class ServerFailed(ApiError):
    """Stripe's own failure, by order of a fault or through a defect of the simulator."""

    status = 500
    type = "api_error"
    is_stored = False


class ServerUnavailable(ServerFailed):
    """Stripe is not reachable behind its front, by order of a fault."""

    status = 503
