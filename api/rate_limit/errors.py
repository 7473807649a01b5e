"""What can go wrong with limits."""

from collections.abc import Mapping

from api.errors import ApiError


class RateLimitExceeded(ApiError):
    """The caller asked more often than it may."""

    status = 429

    def __init__(self, policy: str, *, retry_after_seconds: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(
            f"Too many requests: {policy}. Try again in {retry_after_seconds} seconds.",
            headers={"Retry-After": str(retry_after_seconds), **(headers or {})},
        )


class LoginClosed(ApiError):
    """Attempts can't be counted just now, so that none is let through."""

    status = 503

    def __init__(self) -> None:
        super().__init__("Logging in and registering are closed for a moment. Who is logged in can go on working.")
