"""Bodies that no honest program sends, to every route that takes one: refused, and never our fault."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from api.main import create_app
from tests.integration.api.access.bodies import BODIES, make_body
from tests.integration.api.access.matrix import Cell, read_matrix
from tests.integration.api.hostile.conftest import Target

JSON = {"Content-Type": "application/json"}
MEGABYTE = 1024 * 1024
INSIDE = ("Traceback", 'File \\"', ".py", "psycopg", "sqlalchemy", "pydantic", "site-packages")

RAW: Mapping[str, bytes] = {
    "half of it": b'{"a": ',
    "ten megabytes of text": b'{"a": "' + b"x" * 10 * MEGABYTE + b'"}',
    "ten megabytes of nothing": b" " * 10 * MEGABYTE,
    "deep lists": b"[" * 100_000,
    "deep lists that end": b"[" * 50_000 + b"]" * 50_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "invalid UTF-8": b'{"a": "\xff\xfe"}',
    "half a surrogate pair": b'{"a": "\\ud800"}',
    "a name that no encoding has": b'{"\\udfff": 1}',
    "NUL": b'{"a": "\\u0000"}',
    "a raw NUL": b'{"a": "\x00"}',
    "NaN": b'{"a": NaN}',
    "infinity": b"-Infinity",
    "an integer of 5000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "an exponent beyond floats": b'{"a": 1e400000}',
    "a list": b"[]",
    "a list of 100,000 objects": b"[" + b"{}," * 100_000 + b"{}]",
    "a number": b"0",
    "a text": b'"a"',
    "null twice": b"null null",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "a name twice": b'{"a": 1, "a": 2}',
    "a hundred thousand names": json.dumps({str(n): n for n in range(100_000)}).encode(),
    "two thousand names": json.dumps({str(n): n for n in range(2_000)}).encode(),
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "a prototype": b'{"__proto__": {"role": "admin"}, "constructor": {"prototype": {"role": "admin"}}}',
}
CONTENT_TYPES = ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "a", "")
VALUES: Mapping[str, Any] = {
    "NUL": "a\x00b",
    "half a surrogate pair": "\ud800",
    "an integer of 400 digits": 10**400,
    "a negative integer of 20 digits": -(10**20),
    "a list": [[]],
    "an object": {"$gt": ""},
    "a megabyte": "x" * MEGABYTE,
    "NaN": float("nan"),
}

PATHS = create_app().openapi()["paths"]
ALLOWED = {cell.route: cell for cell in reversed(read_matrix()) if cell.status < 300}
# Events are refused one by one, in a good answer; Stripe's messages are signed.
WRITES = [
    cell
    for route, cell in sorted(ALLOWED.items())
    if "requestBody" in PATHS[cell.path][cell.method.lower()] and not cell.path.endswith("/analytics/events")
]
NEEDY = [cell for cell in WRITES if PATHS[cell.path][cell.method.lower()]["requestBody"].get("required")]
EVENTS = next(cell for route, cell in ALLOWED.items() if route == ("POST", "/api/v1/analytics/events"))
# As JSON these are an object, or a list of which nothing is too much: each event in them is answered for itself.
JUDGED_ONE_BY_ONE = frozenset(
    {
        "half a surrogate pair",
        "a name that no encoding has",
        "NUL",
        "an integer of 5000 digits",
        "an exponent beyond floats",
        "a list",
        "UTF-16",
        "a byte order mark",
        "a name twice",
        "a hundred thousand names",
        "two thousand names",
        "a prototype",
    }
)
FIELDS = [(cell, field) for cell in WRITES for field in BODIES.get(cell.route, ())]

Aim = Callable[[Cell], Target]


def named(value: Any) -> str | None:
    return str(value) if isinstance(value, Cell) else None


class TestHostileBody:
    @pytest.mark.parametrize("cell", NEEDY, ids=str)
    def test_that_is_missing_is_refused(self, visitor: httpx.Client, aim: Aim, cell: Cell):
        target = aim(cell)
        answer = visitor.request(target.method, target.path, headers={**JSON, **target.headers})
        assert 400 <= answer.status_code < 500

    @pytest.mark.parametrize("kind", RAW)
    @pytest.mark.parametrize("cell", WRITES, ids=str)
    def test_is_refused(self, visitor: httpx.Client, aim: Aim, cell: Cell, kind: str):
        target = aim(cell)
        answer = visitor.request(target.method, target.path, content=RAW[kind], headers={**JSON, **target.headers})
        assert 400 <= answer.status_code < 500
        assert [word for word in INSIDE if word in answer.text] == []

    @pytest.mark.parametrize("content_type", CONTENT_TYPES)
    @pytest.mark.parametrize("cell", WRITES, ids=str)
    def test_of_another_kind_is_refused(self, visitor: httpx.Client, aim: Aim, cell: Cell, content_type: str):
        target = aim(cell)
        body = json.dumps(make_body(cell.route, target.subject) or {}).encode()
        headers = {"Content-Type": content_type, **target.headers}
        answer = visitor.request(target.method, target.path, content=body, headers=headers)
        assert 400 <= answer.status_code < 500

    @pytest.mark.parametrize("kind", VALUES)
    @pytest.mark.parametrize(("cell", "field"), FIELDS, ids=named)
    def test_with_one_hostile_field_is_refused(self, visitor, aim: Aim, cell: Cell, field: str, kind: str):
        target = aim(cell)
        body = {**(make_body(cell.route, target.subject) or {}), field: VALUES[kind]}
        headers = {**JSON, **target.headers}
        answer = visitor.request(target.method, target.path, content=json.dumps(body).encode(), headers=headers)
        assert 400 <= answer.status_code < 500
        assert [word for word in INSIDE if word in answer.text] == []

    @pytest.mark.parametrize(("cell", "field"), FIELDS, ids=named)
    def test_with_a_field_twice_is_refused(self, visitor, aim: Aim, cell: Cell, field: str):
        target = aim(cell)
        body = make_body(cell.route, target.subject) or {}
        members = [*body.items(), (field, body[field])]
        twice = "{" + ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in members) + "}"
        answer = visitor.request(target.method, target.path, content=twice, headers={**JSON, **target.headers})
        assert (answer.status_code, answer.json()["title"]) == (400, "Body malformed")


class TestHostileEventsBody:
    @pytest.mark.parametrize("kind", sorted(RAW.keys() - JUDGED_ONE_BY_ONE))
    def test_is_refused(self, visitor: httpx.Client, aim: Aim, kind: str):
        target = aim(EVENTS)
        answer = visitor.request(target.method, target.path, content=RAW[kind], headers={**JSON, **target.headers})
        assert 400 <= answer.status_code < 500
        assert [word for word in INSIDE if word in answer.text] == []

    @pytest.mark.parametrize("kind", sorted(JUDGED_ONE_BY_ONE))
    def test_of_events_takes_none_of_them(self, visitor: httpx.Client, aim: Aim, kind: str):
        target = aim(EVENTS)
        answer = visitor.request(target.method, target.path, content=RAW[kind], headers={**JSON, **target.headers})
        assert answer.status_code == 202
        assert answer.json()["accepted"] == 0

    @pytest.mark.parametrize("content_type", CONTENT_TYPES)
    def test_of_another_kind_is_refused(self, visitor: httpx.Client, aim: Aim, content_type: str):
        target = aim(EVENTS)
        headers = {"Content-Type": content_type, **target.headers}
        assert visitor.request(target.method, target.path, content=b"[]", headers=headers).status_code == 415

    def test_of_ten_megabytes_is_too_large_also_as_one_event(self, visitor: httpx.Client, aim: Aim):
        target = aim(EVENTS)
        event = {"event_id": "1", "event_name": "page.opened", "occurred_at": "2026-11-30T12:00:00Z"}
        body = json.dumps(event | {"properties": {"text": "x" * 10 * MEGABYTE}}).encode()
        answer = visitor.request(target.method, target.path, content=body, headers={**JSON, **target.headers})
        assert (answer.status_code, answer.json()["title"]) == (413, "Body too large")
