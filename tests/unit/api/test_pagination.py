"""Cursors."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pagination import (
    LONGEST_CURSOR,
    After,
    CursorInvalid,
    decode_cursor,
    decode_id_cursor,
    decode_newest_cursor,
    encode_cursor,
)


class TestEncodeCursor:
    def test_the_longest_names_fit(self):
        # A category of 100 letters of four bytes each, and all that stands beside it in a cursor of figures.
        key = ("x" * 40, "2026-01-01", "\N{GRINNING FACE}" * 100, "EUR", "2026-01-01", "2026-12-31")
        assert len(encode_cursor(*key)) <= LONGEST_CURSOR


class TestDecodeCursor:
    @given(
        st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=1, max_size=3)
    )
    def test_gives_back_the_key(self, key):
        assert decode_cursor(encode_cursor(*key), len(key)) == key

    @given(st.text())
    def test_refuses_everything_else_in_one_way(self, cursor):
        with pytest.raises(CursorInvalid):
            decode_cursor(cursor, 4)

    @pytest.mark.parametrize("key", [("a",), ("a", "b", "c")])
    def test_refuses_the_cursor_of_another_list(self, key):
        with pytest.raises(CursorInvalid):
            decode_cursor(encode_cursor(*key), 2)

    def test_refuses_a_nul(self):
        with pytest.raises(CursorInvalid):
            decode_cursor(encode_cursor("a\x00"), 1)


class TestDecodeIdCursor:
    def test_gives_back_the_id(self):
        prompt_id = uuid4()
        assert decode_id_cursor(encode_cursor(str(prompt_id))) == prompt_id

    def test_is_none_at_the_start(self):
        assert decode_id_cursor(None) is None

    def test_refuses_what_is_no_id(self):
        with pytest.raises(CursorInvalid):
            decode_id_cursor(encode_cursor("1 or 1=1"))


class TestDecodeNewestCursor:
    def test_gives_back_the_moment_and_the_id(self):
        at, id_ = datetime(2026, 3, 2, 12, 0, 0, 1, tzinfo=UTC), uuid4()
        assert decode_newest_cursor(encode_cursor(at.isoformat(), str(id_))) == After(at, id_)

    def test_is_none_at_the_start(self):
        assert decode_newest_cursor(None) is None

    @pytest.mark.parametrize("key", [("2026-03-02", str(uuid4())), ("2026-03-02T12:00:00Z", "1 or 1=1")])
    def test_refuses_what_no_row_can_have(self, key):
        with pytest.raises(CursorInvalid):
            decode_newest_cursor(encode_cursor(*key))
