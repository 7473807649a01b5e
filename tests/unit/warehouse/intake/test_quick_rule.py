"""The catalogue's rules in the words of msgspec."""

from typing import Annotated, Literal

import msgspec
import pytest
from annotated_types import MultipleOf
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, JsonValue, ValidationError

from warehouse.events import CATALOGUE
from warehouse.intake.quick_rule import QUICK_PROPERTIES, NotSayable, quick_struct, rule_of

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-2, 600)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["USD", "1", "2.5", "true", "x" * 256, "x" * 1001])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=6
)


def is_taken(value: object, kind: object) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def is_valid(value: object, model: type[BaseModel]) -> bool:
    try:
        model.model_validate(value)
    except ValidationError:
        return False
    return True


class TestQuickStruct:
    def test_says_everything_but_patterns(self):
        assert CATALOGUE.keys() - QUICK_PROPERTIES.keys() == {"order.paid", "order.refunded"}

    @given(st.data())
    @settings(max_examples=300)
    def test_takes_nothing_that_the_catalogue_refuses(self, data):
        name = data.draw(st.sampled_from(sorted(QUICK_PROPERTIES)))
        fields = sorted(CATALOGUE[name].model_fields)
        items = st.lists(st.fixed_dictionaries({"prompt_id": st.text(max_size=3), "position": SCALARS}), max_size=2)
        value = data.draw(
            st.fixed_dictionaries({field: VALUES | items for field in fields}) | st.dictionaries(st.text(), VALUES)
        )
        assert is_valid(value, CATALOGUE[name]) >= is_taken(value, QUICK_PROPERTIES[name])

    def test_takes_what_is_plainly_right(self):
        sent = {"query": "plan", "result_count": 3, "filters": {"model": ["a"]}, "further": {"a": 1}}
        assert is_taken(sent, QUICK_PROPERTIES["search.performed"])

    def test_keeps_to_the_limits_of_each_field(self):
        class Limited(BaseModel):
            text: Annotated[str, Field(min_length=1, max_length=3)]
            choice: Literal["a", "b"] | None = None
            values: dict[str, JsonValue] = Field(default_factory=dict)

        quick = quick_struct(Limited)
        assert [is_taken({"text": text}, quick) for text in ("", "é", "abc", "abcd")] == [False, True, True, False]
        assert [is_taken({"text": "a", "choice": each}, quick) for each in ("a", "c", None)] == [True, False, True]

    @pytest.mark.parametrize("kind", [Annotated[int, MultipleOf(3)], Annotated[str, Field(pattern="^a$")], bytes])
    def test_does_not_guess_a_rule_it_can_not_say(self, kind):
        class Unsayable(BaseModel):
            value: kind

        with pytest.raises(NotSayable):
            quick_struct(Unsayable)


class TestRuleOf:
    @pytest.mark.parametrize("name", ["Bad", "page", "page.opened.", "page.opened\n", "order.paid", ""])
    def test_leaves_what_is_not_plain_to_the_slow_way(self, name):
        assert rule_of(name) is None

    def test_knows_who_may_say_it_and_what_it_needs(self):
        unknown, clicked, served = (rule_of(name) for name in ("page.opened", "prompt.clicked", "results.served"))
        assert (unknown.properties, unknown.needs_prompt, unknown.is_server_only) == (None, False, False)
        assert (clicked.needs_prompt, served.is_server_only) == (True, True)

    def test_any_order_event_is_the_servers(self):
        assert rule_of("order.shipped").is_server_only
