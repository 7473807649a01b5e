"""The template language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.prompts.template import (
    RenderedTooLong,
    Variable,
    VariablesMissing,
    find_problems,
    find_variables,
    render,
)

LONG = 1_000_000
# Text out of the pieces that matter, so that half-formed placeholders are common.
hostile = st.lists(
    st.sampled_from(
        ["${", "$", "{", "}", ":", "a", "b1", "_", " ", "\n", "\r\n", "é", "名", "%(a)s", "{0}", "{{", "}}", "\\"]
    )
).map("".join)


class TestFindVariables:
    @pytest.mark.parametrize(
        ("template", "expected"),
        [
            ("${name}", [Variable("name", None)]),
            ("${name:Ada Lovelace}", [Variable("name", "Ada Lovelace")]),
            ("${name:}", [Variable("name", "")]),
            ("${_a1} ${Größe}", [Variable("_a1", None), Variable("Größe", None)]),
            ("${b} ${a} ${b}", [Variable("b", None), Variable("a", None)]),
            ("${a} ${a:x} ${a:y}", [Variable("a", "x")]),
            ("${when:12:30}", [Variable("when", "12:30")]),
            ("${multi:one\ntwo}", [Variable("multi", "one\ntwo")]),
        ],
    )
    def test_finds_names_and_first_defaults_in_order(self, template, expected):
        assert find_variables(template) == expected

    @pytest.mark.parametrize(
        "template",
        [
            "${{ secrets.X }}",
            "${first name}",
            "${1st}",
            "${}",
            "${ a }",
            "${response.status}",
            "${a-b}",
            "$name",
            "$ {name}",
            "{name}",
            "${name",
            "${name:default",
            "{{name}}",
            "",
        ],
    )
    def test_takes_everything_else_for_text(self, template):
        assert find_variables(template) == []

    def test_finds_the_inner_one_of_two_that_are_nested(self):
        assert find_variables("${${int}") == [Variable("int", None)]
        assert find_variables("${a:${b}}") == [Variable("b", None)]


class TestRender:
    @given(hostile)
    def test_without_variables_is_identity(self, text):
        template = text.replace("${", "$ {")
        assert render(template, {}, max_length=LONG) == template

    @given(hostile)
    def test_with_each_variable_as_its_own_placeholder_is_identity(self, template):
        names = {variable.name: f"${{{variable.name}}}" for variable in find_variables(template)}
        without_defaults = render(template, names, max_length=LONG)
        assert render(without_defaults, names, max_length=LONG) == without_defaults

    @given(hostile, st.text())
    def test_never_looks_at_values_again(self, template, value):
        values = {variable.name: "${other:boom}" + value for variable in find_variables(template)}
        assert render(template, values, max_length=LONG).count("boom") == template_uses(template)

    @given(st.text(), st.text(), st.text())
    def test_keeps_the_text_around_a_variable(self, before, value, after):
        before, after = before.replace("$", ""), after.replace("$", "")
        assert render(f"{before}${{x}}{after}", {"x": value}, max_length=LONG) == f"{before}{value}{after}"

    @pytest.mark.parametrize(
        "template",
        ["${{ secrets.X }}", "${${int}x", "{{7*7}}", "{% raw %}", "%(name)s", "{0.__class__}", "`id`", "$(id)"],
    )
    def test_keeps_other_languages_as_text(self, template):
        assert render(template, {"int": "${int}"}, max_length=LONG) == template

    @pytest.mark.parametrize(
        ("values", "expected"), [({}, "x, y, x"), ({"a": "1"}, "1, 1, 1"), ({"a": ""}, ", , "), ({"b": "1"}, "x, y, x")]
    )
    def test_prefers_the_value_then_the_own_default_then_the_first(self, values, expected):
        assert render("${a:x}, ${a:y}, ${a}", values, max_length=LONG) == expected

    def test_names_every_variable_that_is_missing(self):
        with pytest.raises(VariablesMissing) as raised:
            render("${b} ${a} ${c:1} ${b}", {}, max_length=LONG)
        assert raised.value.names == ["b", "a"]

    def test_refuses_to_grow_past_the_limit(self):
        with pytest.raises(RenderedTooLong):
            render("${a}" * 1000, {"a": "x" * 1000}, max_length=100_000)

    def test_may_be_as_long_as_the_limit(self):
        assert len(render("${a}" * 100, {"a": "x" * 1000}, max_length=100_000)) == 100_000

    # Quadratic time would be 10^10 steps here: the test would not end.
    @pytest.mark.parametrize(
        "piece", ["${", "${a", "${a:", "${a:b", "$", "${a:b\n}", "${ x", "${x y}\n", "${a}", "}", "${a:b}"]
    )
    def test_takes_linear_time_on_hostile_templates(self, piece):
        template = piece * (200_000 // len(piece))
        assert render(template, {"a": "a"}, max_length=LONG) is not None
        assert len(find_problems(template)) <= 200


class TestFindProblems:
    def test_is_silent_about_a_good_template(self):
        assert find_problems("Write to ${name:Ada} about ${topic}. Costs $5 {sic}.") == []

    @pytest.mark.parametrize("template", ["", " ", "\n\t"])
    def test_calls_a_blank_template_an_error(self, template):
        assert [(each.kind, each.severity) for each in find_problems(template)] == [("template_blank", "error")]

    def test_tells_where_a_placeholder_is_only_text(self):
        found = find_problems("Dear ${name},\n  ${first name} and ${{ x }}")
        assert [(each.kind, each.line, each.column) for each in found] == [
            ("placeholder_is_text", 2, 3),
            ("placeholder_is_text", 2, 21),
        ]

    def test_tells_of_a_second_default(self):
        found = find_problems("${a:1}\n${a:1} ${a:2}")
        assert [(each.kind, each.severity, each.line, each.column) for each in found] == [
            ("defaults_differ", "warning", 2, 8)
        ]

    @given(hostile)
    def test_names_places_inside_the_text(self, template):
        lines = template.split("\n")
        for problem in find_problems(template + "."):
            assert (template + ".").split("\n")[problem.line - 1][problem.column - 1 :] != ""
            assert problem.line <= len(lines)


def template_uses(template: str) -> int:
    """How many places of a template a value goes into."""
    return render(template, {each.name: "\x01" for each in find_variables(template)}, max_length=LONG).count("\x01")
