"""An answer whose client takes no more of it is given up without being called a failure of ours."""

import asyncio
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from api.answer_head import AnswerHead
from api.middleware.timeout import TimeoutMiddleware


async def stall(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.sleep(3600)


async def fail(scope, receive, send):
    raise TimeoutError("of a server behind")


async def sent_by(app):
    """What a client got of a request with a limit."""
    settings = SimpleNamespace(request_timeout_seconds=0.01, body_timeout_seconds=0.01)
    resources = SimpleNamespace(state=SimpleNamespace(resources=SimpleNamespace(settings=settings)))
    head, sent = AnswerHead(), []
    scope = {"type": "http", "path": "/x", "app": resources, "state": {"answer_head": head}}

    async def send(message):
        sent.append(message["type"])

    await TimeoutMiddleware(app)(scope, None, head.wrap(send))
    return sent


class TestCall:
    @pytest.mark.anyio
    async def test_breaks_off_an_answer_that_nobody_takes(self):
        with capture_logs() as logs:
            assert await sent_by(stall) == ["http.response.start"]
        assert [(log["event"], log["log_level"]) for log in logs] == [("answer_cut_off", "warning")]

    @pytest.mark.anyio
    async def test_passes_on_a_failure_that_is_not_of_its_limit(self):
        with pytest.raises(TimeoutError, match="of a server behind"):
            await sent_by(fail)
