"""What writing a call, and a fact before its answer, adds to a request that does nothing else."""

import asyncio
import time
from collections.abc import Callable
from itertools import product
from statistics import median
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import click
import uvloop

from api.answer_head import AnswerHead
from api.auth.identity import session_identity
from api.middleware.tracking import TrackingMiddleware
from warehouse.journal import AsyncJournal
from warehouse.servers import Servers

REQUESTS = 1_600
# One alone has a round trip to the journal of its own; sixteen share it.
AT_ONCE = (1, 16)
TURNS = 5
CLOCKS: dict[str, Callable[[], float]] = {"by the clock": time.perf_counter, "of a processor": time.process_time}


def measure_tracking(servers: Servers) -> None:
    """Print microseconds a request, on the event loop that the service runs on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_measure(servers))


async def _measure(servers: Servers) -> None:
    journal = AsyncJournal(servers.redis_url, servers.database_url)
    calls = _Calls(journal)
    for what, app in (("a call", _respond), ("a call and a search", _respond_with_fact)):
        tracked = TrackingMiddleware(app)
        for at_once, (label, clock) in product(AT_ONCE, CLOCKS.items()):
            costs = [
                await calls.seconds(tracked, clock, at_once=at_once)
                - await calls.seconds(_respond, clock, at_once=at_once)
                for _ in range(TURNS)
            ]
            click.echo(f"tracking {what}: {median(costs) * 1e6:.0f} us a request {label}, {at_once} at once")
    await journal.close()


async def _respond(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def _respond_with_fact(scope: Any, receive: Any, send: Any) -> None:
    scope["state"]["tracker"].record("search.performed", {"query": "plan", "result_count": 3})
    await _respond(scope, receive, send)


async def _nowhere(_message: Any) -> None:
    pass


class _Calls:
    """Makes requests of somebody who is signed in, without a server."""

    def __init__(self, journal: AsyncJournal) -> None:
        # What the middleware looks for in the application.
        self._app = SimpleNamespace(state=SimpleNamespace(resources=SimpleNamespace(journal=journal)))
        self._identity = session_identity(
            user_id=uuid4(), organization_id=uuid4(), email="ana@acme.example", role="buyer", session_id=uuid4()
        )

    async def seconds(self, app: Any, clock: Callable[[], float], *, at_once: int) -> float:
        """What a request to the app takes."""
        began = clock()
        for _ in range(REQUESTS // at_once):
            await asyncio.gather(*(self._call(app) for _ in range(at_once)))
            # Whoever writes what was buffered has its turn.
            await asyncio.sleep(0)
        return (clock() - began) / REQUESTS

    async def _call(self, app: Any) -> None:
        head = AnswerHead()
        headers = [(b"user-agent", b"bench/1.0"), (b"x-session-id", b"session-1"), (b"x-anonymous-id", b"device-1")]
        state = {"request_id": str(uuid4()), "identity": self._identity, "answer_head": head}
        path = "/api/v1/marketplace/browse"
        scope = {"type": "http", "method": "GET", "path": path, "headers": headers, "state": state, "app": self._app}
        await app(scope, _nowhere, head.wrap(_nowhere))
