"""A person is found wherever an address stands, and never inside the address of somebody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.erasure.naming import SPELLED_OUT_MAX, bytes_pattern, forms_of, python_pattern, text_pattern

BOB = "bob@company.com"
OTHERS = ("bob@company.com.au", "mary-bob@company.com", "o'x+bob@company.com.nz")
# Few letters, so that one is often a part of another.
PIECES = st.lists(st.sampled_from(["a", "b", "ab", "ä"]), min_size=1, max_size=3)
ADDRESSES = st.builds(
    lambda local, sign, domain: f"{sign.join(local)}@{'.'.join(domain)}", PIECES, st.sampled_from(".-+_%'"), PIECES
)


def masked(text: str, words: list[str], others: list[str]) -> str:
    """The text after an erasure."""
    return python_pattern(text_pattern(words, others)).sub("erased", text)


class TestTextPattern:
    @pytest.mark.parametrize(
        ("text", "left"),
        [
            ("to Bob@Company.com.", "to erased."),
            ("x-bob@company.com-x", "x-erased-x"),
            ("?to=bob%40company.com&n=1", "?to=erased&n=1"),
            ("?to=%22bob%40company.com%22", "?to=%22erased%22"),
            (r'{"text": "Hi\nbob@company.com\u00e4"}', r'{"text": "Hi\nerased\u00e4"}'),
            ("bob@company.community joebob@company.com", "bob@company.community joebob@company.com"),
            # Of nobody who is known.
            ("bob@company.com.br, tom-bob@company.com", "erased.br, tom-erased"),
        ],
    )
    def test_finds_the_person(self, text: str, left: str):
        assert masked(text, [BOB], list(OTHERS)) == left

    @pytest.mark.parametrize("other", OTHERS)
    def test_passes_others_over_in_every_form_and_case(self, other: str):
        for form in forms_of(other):
            for text in (form, form.upper(), f"<{form}>", f"x-{form}-x", f"{form}, {form}"):
                assert masked(text, [BOB], list(OTHERS)) == text
                assert bytes_pattern(text_pattern([BOB], OTHERS)).sub(b"", text.encode()) == text.encode()

    def test_a_user_id_in_the_address_of_another_is_part_of_that(self):
        other = "0c000000-0000-0000-0000-000000000001@evil.example"
        assert masked(f"{other} {other[:36]}", [other[:36]], [other]) == f"{other} erased"

    def test_nobody_is_found_nowhere(self):
        assert masked("", [], []) == ""

    @given(st.lists(ADDRESSES, min_size=2, max_size=8, unique_by=str.lower))
    def test_of_any_addresses_the_others_stay(self, addresses: list[str]):
        one, *others = addresses
        for other in others:
            for form in forms_of(other):
                assert masked(f"to {form}, {form}", [one], others) == f"to {form}, {form}"
        for form in forms_of(one):
            assert masked(f"to {form}, {form}", [one], others) == "to erased, erased"

    @given(st.lists(ADDRESSES, min_size=1, max_size=8, unique_by=str.lower))
    def test_so_do_more_than_are_spelled_out(self, addresses: list[str]):
        one, *others = addresses
        others += [f"{number}-{one}.{number}" for number in range(SPELLED_OUT_MAX + 1)]
        pattern = python_pattern(text_pattern([one], others))
        for form in (form for other in [*others[:12], others[-1]] for form in forms_of(other)):
            assert pattern.sub("erased", f"to {form}!") == f"to {form}!"
        assert pattern.sub("erased", f"to {one}!") == "to erased!"

    def test_a_pattern_stays_small_however_many_others_register(self):
        others = [f"{number}-{BOB}.{number}" for number in range(10_000)]
        assert len(text_pattern([BOB], others)) < 1000
