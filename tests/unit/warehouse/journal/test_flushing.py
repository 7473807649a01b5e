"""A flusher gives way to those who take events in, and is never kept from storing."""

import pytest

from warehouse.journal.flushing import HURRY_ABOVE_BYTES, HURRY_ABOVE_ENTRIES, REST_MAX_SECONDS, rest_seconds

BURST = {"has_come": True, "entries": HURRY_ABOVE_ENTRIES, "size": HURRY_ABOVE_BYTES}


class TestRestSeconds:
    def test_is_longer_than_it_worked_while_events_come(self) -> None:
        assert rest_seconds(0.1, **BURST) > 0.1

    def test_is_bounded_however_slow_the_database_is(self) -> None:
        assert rest_seconds(60.0, **BURST) == REST_MAX_SECONDS

    @pytest.mark.parametrize(
        "otherwise",
        [{"has_come": False}, {"entries": HURRY_ABOVE_ENTRIES + 1}, {"size": HURRY_ABOVE_BYTES + 1}],
    )
    def test_is_none_when_nobody_sends_or_too_much_waits(self, otherwise: dict[str, int]) -> None:
        assert rest_seconds(0.1, **BURST | otherwise) == 0.0
