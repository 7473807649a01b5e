"""Reads of the marts for requests: a bounded number at once, in threads of their own.

Each takes a connection and a core of the warehouse, for half a minute or more. Without a bound a few impatient callers
would keep all others waiting, and the run that makes the next figures too.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from api.errors import ApiError
from warehouse.marts import MartsConnections
from warehouse.tenancy import Scope

Arguments = ParamSpec("Arguments")
Read = TypeVar("Read")


class MartsBusy(ApiError):
    """As many reads as may go on at once go on, and none of them ended in time."""

    status = 503

    def __init__(self) -> None:
        super().__init__("Too much is read from the marts just now. Try again in a moment.")


class MartsReads:
    """Lets `at_once` reads go on, of one organization half of them; others wait `wait_seconds` and are then refused."""

    def __init__(self, connections: MartsConnections, *, at_once: int, wait_seconds: float) -> None:
        self._connections = connections
        self._at_once = at_once
        self._wait_seconds = wait_seconds
        # Reads that go on or wait. Told by the threads, so that none is counted once it ended.
        self._taken = 0
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="marts")
        # What each organization may have at once, while it has something.
        self._shares: WeakValueDictionary[object, asyncio.Semaphore] = WeakValueDictionary()

    async def run_for(
        self,
        scope: Scope,
        read: Callable[Concatenate[MartsConnections, Scope, Arguments], Read],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Read:
        """What a read in a scope gives. Its organization has at most half of the places. Raises as `run` does."""
        share = self._shares.setdefault(scope.organization_id, asyncio.Semaphore(max(1, self._at_once // 2)))
        try:
            async with asyncio.timeout(self._wait_seconds):
                await share.acquire()
        except TimeoutError:
            raise MartsBusy from None
        return await self._run(partial(read, self._connections, scope, *args, **kwargs), ended=share.release)

    async def run(
        self,
        read: Callable[Concatenate[MartsConnections, Arguments], Read],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Read:
        """What a read of the marts gives. Raises `MartsBusy`, and what it raises.

        A read that began keeps its place until it ends, also when nobody waits for it any more.
        """
        return await self._run(partial(read, self._connections, *args, **kwargs), ended=lambda: None)

    async def _run(self, read: Callable[[], Read], *, ended: Callable[[], None]) -> Read:
        loop, begun = asyncio.get_running_loop(), asyncio.Event()

        def begin() -> Read:
            loop.call_soon_threadsafe(begun.set)
            return read()

        def end(_: "Future[Read]") -> None:
            self._count(-1)
            # Nobody is left to tell when the service stopped meanwhile.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(ended)

        has_place = self._count(1) <= self._at_once
        place = self._threads.submit(partial(copy_context().run, begin))
        place.add_done_callback(end)
        try:
            async with asyncio.timeout(None if has_place else self._wait_seconds):
                await begun.wait()
        except TimeoutError:
            if place.cancel():
                raise MartsBusy from None
        except asyncio.CancelledError:
            place.cancel()
            raise
        return await asyncio.wrap_future(place)

    def _count(self, more: int) -> int:
        with self._lock:
            self._taken += more
            return self._taken

    def close(self) -> None:
        """Take no more reads; those that wait are given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
