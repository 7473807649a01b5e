"""What an event is known by, found out of many at once."""

from hypothesis import given
from hypothesis import strategies as st

from warehouse.intake.fingerprint import hash_id, hash_ids

text = st.text(st.characters(codec="utf-8"), max_size=40)


class TestHashIds:
    @given(text, st.lists(text, max_size=4))
    def test_says_of_many_what_is_said_of_each(self, source, event_ids):
        assert hash_ids(source, event_ids) == [hash_id(source, each) for each in event_ids]
