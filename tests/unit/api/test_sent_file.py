"""Files that are sent from their beginning."""

import asyncio

import pytest

from api.audit.context import current_request
from api.sent_file import SENT_AT_ONCE, TAKEN_IN_TIME, open_file, send_file
from api.time_limit import TIME_LIMIT, TimeLimit

TIMES = 3
BYTES = TIMES * TAKEN_IN_TIME - SENT_AT_ONCE


@pytest.fixture
def answer():
    file = open_file()
    file.write(b"x" * BYTES)
    return send_file(file, name="x.txt", media_type="text/plain")


async def never():
    await asyncio.sleep(3600)


class TestSendFile:
    @pytest.mark.anyio
    async def test_so_much_of_it_has_the_time_of_a_request_and_no_less(self, answer):
        whens = []

        async def send(message):
            await asyncio.sleep(0.001)
            if message.get("body"):
                whens.append(timeout.when())

        async with asyncio.timeout(60) as timeout:
            current_request.set({"state": {TIME_LIMIT: TimeLimit(timeout, 60)}})
            await answer({"type": "http", "asgi": {"spec_version": "2.4"}}, never, send)
        assert len(whens) == BYTES // SENT_AT_ONCE
        assert (whens == sorted(whens), len(set(whens))) == (True, TIMES)
