"""How many reads of the marts go on at once, and what becomes of one too many."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from api.marts_reads import MartsBusy, MartsReads
from warehouse.marts import MartsConnections
from warehouse.tenancy import Scope

NOBODY_WAITS = 0.001
ONE, OTHER = Scope("seller", "one"), Scope("seller", "other")


@pytest.fixture
def goes_on() -> Iterator[threading.Event]:
    """Reads go on until it is set."""
    event = threading.Event()
    yield event
    event.set()


def reads(*, at_once: int = 1, wait_seconds: float = NOBODY_WAITS) -> MartsReads:
    return MartsReads(MartsConnections("postgresql://nowhere/"), at_once=at_once, wait_seconds=wait_seconds)


class TestRun:
    def test_gives_what_was_read(self):
        assert asyncio.run(reads(wait_seconds=60).run(lambda _, one, *, two: one + two, 1, two=2)) == 3

    def test_raises_what_the_read_raises(self):
        def fail(_: MartsConnections) -> None:
            raise LookupError

        with pytest.raises(LookupError):
            asyncio.run(reads(wait_seconds=60).run(fail))

    def test_one_too_many_is_refused_and_never_read(self, goes_on: threading.Event):
        read: list[int] = []

        async def run() -> None:
            few = reads(at_once=2)
            begun = threading.Barrier(3)
            first = [asyncio.create_task(few.run(lambda _: (begun.wait(), goes_on.wait()))) for _ in range(2)]
            await asyncio.to_thread(begun.wait)
            with pytest.raises(MartsBusy):
                await few.run(lambda _: read.append(1))
            goes_on.set()
            await asyncio.gather(*first)

        asyncio.run(run())
        assert read == []

    def test_one_that_finds_a_place_in_time_waits_for_it(self, goes_on: threading.Event):
        async def run() -> int:
            few = reads(wait_seconds=60)
            first = asyncio.create_task(few.run(lambda _: goes_on.wait()))
            second = asyncio.create_task(few.run(lambda _: 2))
            await asyncio.sleep(0)
            goes_on.set()
            await first
            return await second

        assert asyncio.run(run()) == 2

    def test_one_whose_caller_left_keeps_its_place(self, goes_on: threading.Event):
        async def run() -> None:
            few = reads()
            begun = threading.Event()
            left = asyncio.create_task(few.run(lambda _: (begun.set(), goes_on.wait())))
            await asyncio.to_thread(begun.wait)
            left.cancel()
            with pytest.raises(MartsBusy):
                await few.run(lambda _: None)

        asyncio.run(run())

    def test_one_whose_caller_left_before_it_began_is_never_read(self, goes_on: threading.Event):
        read: list[int] = []

        async def run() -> None:
            few = reads(wait_seconds=60)
            first = asyncio.create_task(few.run(lambda _: goes_on.wait()))
            await asyncio.sleep(0)
            left = asyncio.create_task(few.run(lambda _: read.append(1)))
            await asyncio.sleep(0)
            left.cancel()
            await asyncio.gather(left, return_exceptions=True)
            goes_on.set()
            await first
            await few.run(lambda _: None)

        asyncio.run(run())
        assert read == []


class TestRunFor:
    def test_an_organization_has_half_of_the_places_and_others_the_rest(self, goes_on: threading.Event):
        read: list[str] = []

        async def run() -> None:
            few = reads(at_once=2)
            begun = threading.Barrier(2)
            first = asyncio.create_task(few.run_for(ONE, lambda _, scope: (begun.wait(), goes_on.wait())))
            await asyncio.to_thread(begun.wait)
            with pytest.raises(MartsBusy):
                await few.run_for(ONE, lambda _, scope: read.append("one"))
            await few.run_for(OTHER, lambda _, scope: read.append(str(scope.organization_id)))
            goes_on.set()
            await first
            await reads_again(few, ONE)

        asyncio.run(run())
        assert read == ["other"]


async def reads_again(few: MartsReads, scope: Scope) -> None:
    """Its place is free as soon as the service heard that the read ended."""
    for _ in range(1000):
        try:
            return await few.run_for(scope, lambda *_: None)
        except MartsBusy:
            continue
    raise AssertionError("the place was never free again")
