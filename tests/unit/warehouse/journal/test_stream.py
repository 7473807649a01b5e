"""Entries of the journal that nobody of ours wrote are told apart, and break nothing."""

import orjson
import pytest

from warehouse.events import EventInvalid
from warehouse.journal.stream import DUPLICATES_FIELD, decode, read_entry


class TestReadEntry:
    @pytest.mark.parametrize("duplicates", [b"9" * 5_000, b"9" * 20, b"-1", b"many"])
    def test_a_number_that_no_request_can_have_is_none(self, duplicates: bytes) -> None:
        assert read_entry(b"1-0", {DUPLICATES_FIELD: duplicates}).duplicates == 0

    def test_an_entry_of_another_version_is_refused_with_all_that_stands_in_it(self) -> None:
        entry = read_entry(b"1-0", {b"unheard-of": b"events"})
        assert (b"unheard-of" in entry.content, b"events" in entry.content) == (True, True)
        with pytest.raises(EventInvalid):
            entry.read()


class TestDecode:
    def test_a_moment_outside_the_calendar_makes_the_entry_unreadable(self) -> None:
        envelope = {
            "event_id": "1", "source": "api", "event_name": "page.opened",
            "occurred_at": "2026-01-01T00:00:00Z", "received_at": "9999-12-31T23:59:59-01:00",
        }  # fmt: skip
        with pytest.raises(EventInvalid):
            decode(orjson.dumps([envelope]))
