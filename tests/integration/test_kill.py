"""What was acknowledged survives `kill -9` of the API, the flusher, Redis and Postgres, and is stored once."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.kill import VICTIMS, Outcome, kill_and_count


@pytest.fixture(scope="module")
def outcome() -> Iterator[Outcome]:
    # Directly under /tmp: the path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="marketplace-kill-") as directory:
        yield kill_and_count(Path(directory), VICTIMS, events=8_000)


class TestKill:
    def test_no_acknowledged_event_is_lost(self, outcome: Outcome):
        assert outcome.acknowledged >= 8_000
        assert outcome.lost == 0

    def test_none_is_stored_twice(self, outcome: Outcome):
        assert outcome.stored_twice == 0

    def test_the_ledger_tells_what_is_stored(self, outcome: Outcome):
        assert outcome.ledger_stored == outcome.stored
        assert outcome.received == outcome.ledger_stored + outcome.duplicates + outcome.quarantined
