"""When work that failed is tried again, and what is kept of why it failed."""

from datetime import timedelta

import pytest

from api.lane import ERROR_MAX_LENGTH, LAST_RETRY, retry_delay, storable_error


class TestRetryDelay:
    @pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 2), (3, 4), (11, 1024)])
    def test_each_attempt_waits_twice_as_long(self, attempt: int, seconds: int):
        assert retry_delay(attempt) == timedelta(seconds=seconds)

    @pytest.mark.parametrize("attempt", [13, 100, 10**9])
    def test_it_never_waits_longer_than_an_hour(self, attempt: int):
        assert retry_delay(attempt) == LAST_RETRY == timedelta(hours=1)


class TestStorableError:
    def test_a_nul_is_written_out(self):
        assert storable_error("before\x00after") == "before\\x00after"

    def test_of_a_long_one_the_beginning_is_kept(self):
        assert storable_error("x" * 5000) == "x" * ERROR_MAX_LENGTH
