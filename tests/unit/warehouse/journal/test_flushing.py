"""A flusher gives way to those who take events in, and is never kept from storing."""

import pytest

from warehouse.journal.flushing import HURRY_ABOVE_ENTRIES, REST_MAX_SECONDS, rest_seconds


class TestRestSeconds:
    def test_is_longer_than_it_worked_while_events_come(self) -> None:
        assert rest_seconds(0.1, has_come=True, waiting=HURRY_ABOVE_ENTRIES) > 0.1

    def test_is_bounded_however_slow_the_database_is(self) -> None:
        assert rest_seconds(60.0, has_come=True, waiting=1) == REST_MAX_SECONDS

    @pytest.mark.parametrize(("has_come", "waiting"), [(False, 1), (True, HURRY_ABOVE_ENTRIES + 1)])
    def test_is_none_when_nobody_sends_or_too_much_waits(self, has_come: bool, waiting: int) -> None:
        assert rest_seconds(0.1, has_come=has_come, waiting=waiting) == 0.0
