"""Text in request bodies."""

from typing import Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from api.moderation.schemas import EndDecision, NewAppeal, NewDecision, ResolveAppeal
from api.schema import Day, Line, LongText, Moment, RequestBody, check_text


class Note(RequestBody):
    title: str = ""
    lines: list[str] = Field(default_factory=list)
    extra: dict[str, Any] = Field(default_factory=dict)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


class TestCheckText:
    @pytest.mark.parametrize("value", ["", "é 名 😀", 1, None, [1, "a"], {"a": [{"b": "c"}]}, nested(100)])
    def test_hands_on_what_can_be_stored(self, value):
        assert check_text(value) == value

    @pytest.mark.parametrize(
        "value",
        ["a\x00", "\ud800", "a\udfffé", ["\x00"], {"\x00": 1}, {"a": {"b": ["\ud800"]}}, nested(101), nested(50_000)],
    )
    def test_refuses_what_can_not(self, value):
        with pytest.raises(ValueError, match="must not"):
            check_text(value)


class TestRequestBody:
    @pytest.mark.parametrize("field", [{"title": "\x00"}, {"lines": ["\x00"]}, {"extra": {"a": "\x00"}}])
    def test_names_the_field(self, field):
        with pytest.raises(ValidationError) as raised:
            Note.model_validate(field)
        assert [error["loc"] for error in raised.value.errors()] == [tuple(field)]

    def test_refuses_a_field_it_does_not_know(self):
        with pytest.raises(ValidationError, match="Extra inputs"):
            Note.model_validate({"titel": "x"})


class TestDay:
    def test_is_written_out(self):
        assert TypeAdapter(Day).validate_python("2026-01-31").isoformat() == "2026-01-31"

    @pytest.mark.parametrize("value", [0, "0", "1769817600", "-1.5", "1e9"])
    def test_is_no_number(self, value):
        with pytest.raises(ValidationError, match="must be written out"):
            TypeAdapter(Day).validate_python(value)


class TestMoment:
    @pytest.mark.parametrize("value", [0, "0.5", "1769817600000"])
    def test_is_no_number(self, value):
        with pytest.raises(ValidationError, match="must be written out"):
            TypeAdapter(Moment).validate_python(value)

    def test_names_its_offset(self):
        with pytest.raises(ValidationError, match="timezone"):
            TypeAdapter(Moment).validate_python("2026-01-31T12:00:00")


class TestLongText:
    def test_may_have_several_lines_and_none_around_it(self):
        assert TypeAdapter(LongText).validate_python("\n Twice.\n\n- and again \t") == "Twice.\n\n- and again"

    @pytest.mark.parametrize("kind", [Line, LongText])
    @pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u200b", "\u200b \u2060", "\u3000"])
    def test_says_something(self, kind: Any, text: str):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(text)

    @pytest.mark.parametrize(
        ("body", "field"),
        [(NewDecision, "facts"), (EndDecision, "reason"), (NewAppeal, "text"), (ResolveAppeal, "reason")],
    )
    def test_is_what_reasons_are(self, body: type[RequestBody], field: str):
        with pytest.raises(ValidationError) as raised:
            body.model_validate({field: " \u200b\n "})
        assert (field,) in {error["loc"] for error in raised.value.errors()}
