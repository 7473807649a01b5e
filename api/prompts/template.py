"""The template language: `${name}` and `${name:default}`, and everything else is text, kept byte for byte.

A name is an identifier: letters, digits and underscores of any script, not a digit first. A default reaches to the next
brace and may be empty. Nothing is evaluated and values are not looked at again, so a template can't do anything but
stand there. Parsing and rendering take time linear in the length of the text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal

# Possessive quantifiers: a name or default that turns out not to end well is not tried again in shorter pieces.
VARIABLE = re.compile(r"\$\{(?P<name>[^\W\d]\w*+)(?::(?P<default>[^{}]*+))?\}")
ALMOST_VARIABLE = re.compile(r"\$\{[^}\n]{0,40}+\}?")
# Who made a hundred mistakes made one of them a hundred times.
PROBLEMS_MAX = 100


@dataclass(frozen=True)
class Variable:
    """A variable of a template. It must be given a value when some place of it has no default to fall back to."""

    name: str
    default: str | None

    @property
    def is_required(self) -> bool:
        """Whether rendering fails without a value."""
        return self.default is None


@dataclass(frozen=True)
class TemplateProblem:
    """Something in a template that is probably not meant. Line and column count from 1."""

    kind: Literal["template_blank", "placeholder_is_text", "defaults_differ"]
    severity: Literal["error", "warning"]
    message: str
    line: int
    column: int


class VariablesMissing(Exception):
    """Variables without a default got no value; `names` in the order of the template."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class RenderedTooLong(Exception):
    """The text would be longer than allowed."""

    def __init__(self, max_length: int) -> None:
        super().__init__(f"the rendered text would be longer than {max_length} characters")
        self.max_length = max_length


def find_variables(template: str) -> list[Variable]:
    """The variables in the order they first appear. The first default of a name is good for all its places."""
    defaults: dict[str, str | None] = {}
    for match in VARIABLE.finditer(template):
        name, default = match["name"], match["default"]
        if defaults.get(name) is None:
            defaults[name] = default
    return [Variable(name, default) for name, default in defaults.items()]


def render(template: str, values: Mapping[str, str], *, max_length: int) -> str:
    """The text with every variable replaced by its value, else its own default, else the first default of its name.

    Values of names that are not in the template are ignored. Raises `VariablesMissing`, or `RenderedTooLong` before
    building anything longer than `max_length` characters.
    """
    variables = find_variables(template)
    missing = [variable.name for variable in variables if variable.is_required and variable.name not in values]
    if missing:
        raise VariablesMissing(missing)
    defaults = {variable.name: variable.default or "" for variable in variables}
    parts: list[str] = []
    length = 0
    for part in _parts(template, values, defaults):
        length += len(part)
        if length > max_length:
            raise RenderedTooLong(max_length)
        parts.append(part)
    return "".join(parts)


def _parts(template: str, values: Mapping[str, str], defaults: Mapping[str, str]) -> Iterator[str]:
    end = 0
    for match in VARIABLE.finditer(template):
        yield template[end : match.start()]
        name, own_default = match["name"], match["default"]
        yield values[name] if name in values else defaults[name] if own_default is None else own_default
        end = match.end()
    yield template[end:]


def find_problems(template: str) -> list[TemplateProblem]:
    """What is probably not meant, in the order of the text, the first of each kind. Only a blank one can't be sold."""
    if not template.strip():
        return [TemplateProblem("template_blank", "error", "The template is blank", 1, 1)]
    found = sorted(
        [
            *islice(_placeholders_kept_as_text(template), PROBLEMS_MAX),
            *islice(_differing_defaults(template), PROBLEMS_MAX),
        ]
    )
    places = _places(template, [position for position, _, _ in found])
    return [
        TemplateProblem(kind, "warning", message, line, column)
        for (_, kind, message), (line, column) in zip(found, places, strict=True)
    ]


_Found = tuple[int, Literal["placeholder_is_text", "defaults_differ"], str]


def _placeholders_kept_as_text(template: str) -> Iterator[_Found]:
    variables = {match.start() for match in VARIABLE.finditer(template)}
    for match in ALMOST_VARIABLE.finditer(template):
        if match.start() not in variables:
            message = f"{match[0]} is not of the form ${{name}} or ${{name:default}}: it is kept as text"
            yield match.start(), "placeholder_is_text", message


def _differing_defaults(template: str) -> Iterator[_Found]:
    first: dict[str, str] = {}
    for match in VARIABLE.finditer(template):
        name, default = match["name"], match["default"]
        if default is not None and first.setdefault(name, default) != default:
            yield match.start(), "defaults_differ", f"{name} has another default further up: {first[name][:40]!r}"


def _places(template: str, positions: list[int]) -> Iterator[tuple[int, int]]:
    """Line and column of ascending positions, in one pass over the text."""
    line, line_start, before = 1, 0, 0
    for position in positions:
        line += template.count("\n", before, position)
        line_start = template.rfind("\n", before, position) + 1 or line_start
        before = position
        yield line, position - line_start + 1
