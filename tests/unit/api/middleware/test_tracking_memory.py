"""A request that was answered leaves nothing for the garbage collector."""

import gc
import weakref
from types import SimpleNamespace

import pytest

from api.answer_head import AnswerHead
from api.middleware.tracking import TrackingMiddleware


class Calls(list):
    """A journal that keeps what it is given."""

    def append_later(self, fields):
        self.append(fields)


class Handler:
    """Answers, and remembers the tracker it was given for as long as that lives."""

    async def __call__(self, scope, receive, send):
        self.tracker = weakref.ref(scope["state"]["tracker"])
        await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.fixture
def no_collector():
    gc.disable()
    yield
    gc.enable()


async def answer(handler, journal):
    head = AnswerHead()
    resources = SimpleNamespace(state=SimpleNamespace(resources=SimpleNamespace(journal=journal)))
    state = {"request_id": "1", "answer_head": head}
    scope = {"type": "http", "method": "GET", "path": "/api/v1/x", "headers": [], "app": resources, "state": state}

    async def send(message):
        pass

    await TrackingMiddleware(handler)(scope, None, head.wrap(send))


class TestCall:
    @pytest.mark.anyio
    async def test_lets_go_of_the_request(self, no_collector):
        handler, journal = Handler(), Calls()
        await answer(handler, journal)
        assert (handler.tracker(), len(journal)) == (None, 1)
