"""How long the request that is being answered may still take."""

import asyncio

from api.audit.context import current_request

# Where the state of a request has its limit.
TIME_LIMIT = "time_limit"


class TimeLimit:
    """What a request is given to be answered in, and again whenever it gets on."""

    def __init__(self, timeout: asyncio.Timeout, seconds: float) -> None:
        self._timeout = timeout
        self._seconds = seconds

    def begin_anew(self) -> None:
        """Give it as long again. One that is over stays over."""
        if not self._timeout.expired():
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._seconds)


def get_on() -> None:
    """Say that the request gets on: a large file takes as long as it takes, and one that stands still is given up.

    For routes without an `Idempotency-Key`: of a key nothing is known any more 90 seconds after its request began.
    """
    scope = current_request.get()
    limit: TimeLimit | None = scope["state"].get(TIME_LIMIT) if scope is not None else None
    if limit is not None:
        limit.begin_anew()
