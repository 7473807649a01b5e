"""A person gets everything the platform holds about her, and nothing of others."""

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from unittest.mock import patch

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from psycopg.rows import DictRow

from api.audit.context import current_request
from api.lifespan import Resources
from api.own_data.export import write_export
from api.own_data.holding import HOLDINGS, TOMBSTONES
from api.own_data.repository import FURTHER
from api.time_limit import TIME_LIMIT, TimeLimit
from tests.integration.api.conftest import Account
from tests.integration.api.own_data.conftest import read_export

# Columns that name a person without a reference to `users`, and what of an export tells them. Whatever is told there an
# erasure reaches (test_coverage.py). The work list of erasures holds its names until they are done.
NAMED_OTHERWISE = {
    ("users", "email"): "users", ("users", "subject_id"): "users", ("users", "email_verified_at"): "users",
    ("audit_log", "actor_subject_id"): "audit_log", ("audit_origins", "subject_id"): "audit_log",
    ("audit_origins", "address"): "audit_log", ("audit_origins", "user_agent"): "audit_log",
    ("sessions", "address"): "sessions", ("sessions", "user_agent"): "sessions",
    ("refresh_tokens", "session_id"): "refresh_tokens", ("recovery_codes", "user_id"): "recovery_codes",
    ("invitations", "email"): "invitations",
    ("raw_events", "user_id"): "raw_events", ("raw_events", "anonymous_id"): "raw_events",
    ("raw_events", "session_id"): "raw_events",
    ("erasures", "user_id"): None, ("erasures", "emails"): None,
    ("erasures", "unverified_emails"): None, ("erasures", "anonymous_ids"): None,
    ("erasures", "session_ids"): None,
}  # fmt: skip
KINDS = {holding.table for holding in HOLDINGS} | FURTHER.keys() | {"raw_events"}


class TestHoldings:
    def test_every_reference_to_a_user_is_among_them(self, database: psycopg.Connection[DictRow]):
        rows = database.execute(
            "select conrelid::regclass::text as table_name, attname as column_name from pg_constraint"
            " cross join unnest(conkey) as key (number)"
            " inner join pg_attribute on attrelid = conrelid and attnum = key.number"
            " where contype = 'f' and confrelid = 'users'::regclass"
        )
        known = {(holding.table, holding.column) for holding in HOLDINGS} | TOMBSTONES
        assert {(row["table_name"], row["column_name"]) for row in rows} == known

    def test_every_other_column_that_names_a_person_is_known(self, database: psycopg.Connection[DictRow]):
        rows = database.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'public'"
            " and column_name ~ '(user_id|subject_id|email|anonymous_id|session_id|address|user_agent)'"
        )
        references = {(holding.table, holding.column) for holding in HOLDINGS} | TOMBSTONES
        assert {(row["table_name"], row["column_name"]) for row in rows} - references == NAMED_OTHERWISE.keys()
        assert set(NAMED_OTHERWISE.values()) - {None} <= KINDS


class TestExport:
    def test_has_something_of_every_table(self, client: httpx.Client, person: Account):
        kinds = {line["kind"] for line in read_export(client, person)}
        # No device of this person is known.
        assert KINDS | {"export"} == kinds

    def test_says_what_is_there_without_secrets(self, client: httpx.Client, person: Account):
        lines = read_export(client, person)
        [user] = [line["data"] for line in lines if line["kind"] == "users"]
        assert (user["id"], user["email"]) == (person.user_id, person.email)
        columns = {name for line in lines for name in line["data"]}
        assert not columns & {"password_hash", "secret_hash", "template", "changed_xid", "answer_body"}

    def test_has_events_that_wait_in_the_journal(self, client: httpx.Client, person: Account):
        names = {line["data"]["event_name"] for line in read_export(client, person) if line["kind"] == "raw_events"}
        # Calls themselves are written a moment after their answer.
        assert {"order.paid", "review.submitted"} <= names

    def test_has_events_only_the_warehouse_still_has(self, client: httpx.Client, person: Account, warehouse_url: str):
        with psycopg.connect(warehouse_url, autocommit=True) as warehouse:
            warehouse.execute(
                "insert into raw_events.events (source, event_id, event_name, received_at, user_id, _loaded_at)"
                " values ('api', 'of-long-ago', 'prompt.viewed', '2020-01-01T00:00:00Z', %s, now())",
                [person.user_id],
            )
        ids = [line["data"]["event_id"] for line in read_export(client, person) if line["kind"] == "raw_events"]
        assert ids.count("of-long-ago") == 1

    def test_has_nothing_of_others(self, client: httpx.Client, person: Account, buyer: Account):
        text = json.dumps(read_export(client, buyer))
        assert person.user_id not in text
        assert person.email not in text

    def test_what_an_operator_decided_is_not_about_the_operator(self, client: httpx.Client, person: Account):
        made = [line["data"] for line in read_export(client, person) if line["kind"] == "decisions"]
        assert not [decision for decision in made if {"facts", "organization_id"} & decision.keys()]

    def test_is_noted(self, client: httpx.Client, person: Account, admin: Account):
        read_export(client, person)
        [entry] = client.get(
            "/admin/audit-log", params={"actor_user_id": person.user_id, "action": "user.exported"},
            headers=admin.headers,
        ).json()["items"]  # fmt: skip
        assert entry["object_id"] == person.user_id

    def test_one_too_many_at_once_is_told_to_come_again(
        self, client: httpx.Client, buyer: Account, service: FastAPI, api_url: str
    ):
        resources: Resources = service.state.resources
        others, free = resources.own_exports, asyncio.Semaphore(0)
        object.__setattr__(resources, "own_exports", free)
        try:
            refused = client.get("/auth/me/export", headers=buyer.headers)
        finally:
            object.__setattr__(resources, "own_exports", others)
        assert (refused.status_code, refused.json()["title"]) == (503, "Exports busy")
        assert int(refused.headers["Retry-After"]) > 0
        assert read_export(client, buyer)

    def test_needs_a_login(self, client: httpx.Client):
        assert client.get("/auth/me/export").status_code == 401


class TestWriteExport:
    def test_one_that_nobody_reads_yet_keeps_no_place(self):
        async def ask() -> bool:
            resources = SimpleNamespace(own_exports=asyncio.Semaphore(1))

            async def lines(resources: SimpleNamespace, _: object) -> AsyncIterator[bytes]:
                async with resources.own_exports:
                    yield b"line\n"

            with patch("api.own_data.export.export", lines):
                unread = await write_export(resources, None)  # type: ignore[arg-type]
            with unread:
                return resources.own_exports.locked() or unread.tell() == 0

        assert not asyncio.run(ask())

    def test_gets_on_with_every_part(self):
        async def ask() -> list[float | None]:
            whens = []

            async def lines(*_: object) -> AsyncIterator[bytes]:
                for _number in range(3):
                    await asyncio.sleep(0.001)
                    yield b"line\n"
                    whens.append(timeout.when())

            async with asyncio.timeout(60) as timeout:
                current_request.set({"state": {TIME_LIMIT: TimeLimit(timeout, 60)}})
                with patch("api.own_data.export.export", lines):
                    (await write_export(None, None)).close()  # type: ignore[arg-type]
            return whens

        whens = asyncio.run(ask())
        assert whens == sorted(set(whens))

    def test_what_fails_on_the_way_is_an_answer_and_no_half_of_a_file(
        self, client: httpx.Client, person: Account, monkeypatch: pytest.MonkeyPatch
    ):
        async def lines(*_: object) -> AsyncIterator[bytes]:
            yield b"line\n"
            raise psycopg.OperationalError("gone")

        monkeypatch.setattr("api.own_data.export.export", lines)
        answer = client.get("/auth/me/export", headers=person.headers)
        assert answer.status_code >= 500
        assert answer.headers["content-type"].startswith("application/problem+json")
