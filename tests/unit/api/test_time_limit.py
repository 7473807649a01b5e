"""A request that gets on is given more time."""

import asyncio

import pytest

from api.audit.context import current_request
from api.time_limit import TIME_LIMIT, TimeLimit, get_on


class TestGetOn:
    @pytest.mark.anyio
    async def test_gives_the_request_as_long_again(self):
        async with asyncio.timeout(60) as timeout:
            current_request.set({"state": {TIME_LIMIT: TimeLimit(timeout, 60)}})
            before = timeout.when()
            await asyncio.sleep(0.001)
            get_on()
            assert timeout.when() > before

    @pytest.mark.anyio
    async def test_one_that_is_over_stays_over(self):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0) as timeout:
                current_request.set({"state": {TIME_LIMIT: TimeLimit(timeout, 60)}})
                try:
                    await asyncio.sleep(60)
                finally:
                    get_on()

    @pytest.mark.parametrize("request_of", [None, {"state": {}}])
    def test_is_nothing_to_what_has_no_limit(self, request_of):
        current_request.set(request_of)
        get_on()
