"""What is generated from the catalogue is what the catalogue says now."""

import ast
import re
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from warehouse.event_document import DOCUMENT, MACRO, envelope_schema, event_schema_of, render_document, render_macro
from warehouse.events import CATALOGUE
from warehouse.journal.reasons import REASONS
from warehouse.settings import PROJECT_ROOT

PROMPT_ID = "0192f0c4-7a3e-7c1b-9d52-3e6f8a1b2c4e"
SENT = {"event_id": "1", "event_name": "prompt.clicked", "occurred_at": "2026-02-28T12:00:00Z", "prompt_id": PROMPT_ID}
REFUSING = frozenset({"EventInvalid", "RowInvalid", "missing"})


def reasons_in_code() -> Iterator[str]:
    """Every reason that stands in the code as a text."""
    for folder in ("warehouse", "api/analytics"):
        for path in (PROJECT_ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                place = {"Refusal": 1, "Rejected": 3, "refuse": 1}.get(name, 0 if name in REFUSING else None)
                if place is not None and len(node.args) > place and name != "missing":
                    yield from literal(node.args[place])


def literal(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "<column>" for part in node.values)


def is_documented(reason: str) -> bool:
    return reason in REASONS or any(
        re.fullmatch(known.replace("<column>", "[a-z_]+"), reason) for known in REASONS if "<" in known
    )


class TestGenerated:
    def test_the_page_is_current(self):
        assert (PROJECT_ROOT / DOCUMENT).read_text() == render_document()

    def test_the_macro_of_dbt_is_current(self):
        assert (PROJECT_ROOT / MACRO).read_text() == render_macro()


class TestReasons:
    def test_every_reason_of_the_code_is_documented(self):
        found = set(reasons_in_code())
        assert len(found) > 25
        assert {reason for reason in found if not is_documented(reason)} == set()

    def test_every_documented_reason_is_one_of_the_code(self):
        assert {reason for reason in REASONS if "<" not in reason} <= set(reasons_in_code())


class TestEventSchemaOf:
    @pytest.mark.parametrize("event_name", CATALOGUE)
    def test_is_valid_json_schema(self, event_name):
        Draft202012Validator.check_schema(event_schema_of(event_name))

    def test_takes_what_is_taken(self):
        sent = SENT | {"properties": {"position": 1, "receipt_id": "r", "more": None}}
        assert list(Draft202012Validator(event_schema_of("prompt.clicked")).iter_errors(sent)) == []

    @pytest.mark.parametrize(
        "sent",
        [
            SENT,
            SENT | {"properties": {"position": 0, "receipt_id": "r"}},
            SENT | {"properties": {"position": 1, "receipt_id": "r"}, "event_name": "prompt.viewed"},
            {"properties": {"position": 1, "receipt_id": "r"}},
        ],
    )
    def test_refuses_what_is_refused(self, sent):
        assert not Draft202012Validator(event_schema_of("prompt.clicked")).is_valid(sent)


class TestEnvelopeSchema:
    def test_is_valid_json_schema(self):
        Draft202012Validator.check_schema(envelope_schema())
