"""Waiting for what another process or thread does in its own time: bounded, and saying what did not come."""

import time
from collections.abc import Callable
from typing import TypeVar

WAIT_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.02

Found = TypeVar("Found")


def wait_until(look: Callable[[], Found], what: str, *, goes_on: Callable[[], bool] = lambda: True) -> Found:
    """What `look` finds, as soon as that is anything.

    Raises `AssertionError` with `what` when it does not come in time, or can't come any more: `goes_on` says no.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := look()):
        assert goes_on(), f"can't come any more: {what}"
        assert time.monotonic() < deadline, f"waited {WAIT_SECONDS} s in vain until {what}"
        time.sleep(LOOK_EVERY_SECONDS)
    return found
