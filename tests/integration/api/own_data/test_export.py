"""A person gets everything the platform holds about her, and nothing of others."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from api.own_data.holding import HOLDINGS, TOMBSTONES
from api.own_data.repository import FURTHER
from tests.integration.api.conftest import Account

# Columns that name a person without a reference to `users`. Each is exported and erased by a statement of its own.
NAMED_OTHERWISE = {
    ("users", "email"), ("users", "subject_id"), ("audit_log", "actor_subject_id"), ("audit_origins", "subject_id"),
    ("raw_events", "user_id"), ("raw_events", "anonymous_id"), ("erasures", "user_id"), ("erasures", "emails"),
    ("erasures", "anonymous_ids"), ("users", "email_verified_at"), ("invitations", "email"),
    ("recovery_codes", "user_id"),
}  # fmt: skip

PLANT = """
insert into decisions (kind, organization_id, reason, ground, rule, facts, detected_by, decided_by_user_id)
values ('money_hold', %(organization)s, 'other', 'terms', 'Terms', 'secret of others', 'notice', %(user)s);

update decisions set status = 'lifted', ended_at = now(), end_reason = 'x', ended_by_user_id = %(user)s
where decided_by_user_id = %(user)s;

insert into decisions (kind, organization_id, reason, ground, rule, facts, detected_by)
values ('ranking_hold', %(organization)s, 'other', 'terms', 'Terms', 'facts', 'notice');

insert into appeals (decision_id, text, appealed_by_user_id)
select id, 'No', %(user)s from decisions where kind = 'ranking_hold' and organization_id = %(organization)s;

insert into refunds (order_id, amount_cents, currency)
select id, 1, 'USD' from orders where buyer_user_id = %(user)s;

insert into quarantine (kind, origin, fingerprint, byte_count, raw, reason, detail)
values ('events', 'api', convert_to(%(user)s::text, 'UTF8'), 1, convert_to(%(email)s::text, 'UTF8'), 'x', 'x');

insert into second_factors (user_id, secret) values (%(user)s, '');

insert into recovery_codes (user_id, code_hash) values (%(user)s, '');

insert into account_links (purpose, token_hash, user_id, bound_to, expires_at)
values ('password_reset', convert_to(%(user)s::text, 'UTF8'), %(user)s::uuid, '', now());

insert into invitations (organization_id, email, role, invited_by_user_id, expires_at)
values (%(organization)s, %(email)s, 'buyer', %(user)s, now());

insert into outbox (kind, payload, given_up_at)
values ('mail.notice', jsonb_build_object('to', %(email)s::text), now());

insert into webhook_inbox (source, external_id, event_type, body, payload, handled_at)
values ('stripe', %(user)s, 'x', '', jsonb_build_object('email', %(email)s::text), now())
"""


def read_export(client: httpx.Client, account: Account) -> list[dict[str, Any]]:
    """The lines of a user's export."""
    answer = client.get("/auth/me/export", headers=account.headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture
def person(
    client: httpx.Client,
    seller: Account,
    register: Callable[[str], Account],
    create_prompt: Callable[..., dict[str, Any]],
    database: psycopg.Connection[DictRow],
) -> Account:
    """A seller with something in every table that names users."""
    bought = create_prompt(register("seller"), price_cents=0)
    create_prompt(seller)
    bodies = {
        "/marketplace/purchase": {"prompt_id": bought["id"]},
        f"/marketplace/prompts/{bought['id']}/reviews": {"rating": 4},
        "/auth/api-keys": {"name": "ci", "scopes": ["prompts:read"], "expires_in_days": 1},
    }
    for path, body in bodies.items():
        key = {"Idempotency-Key": path[-8:]}
        answer = client.post(path, json=body, headers={**seller.headers, **key})
        assert answer.status_code == 201, answer.text
    values = {"user": seller.user_id, "organization": seller.organization_id, "email": seller.email}
    for statement in PLANT.split(";\n\n"):
        database.execute(statement.encode(), {name: values[name] for name in values if f"%({name})s" in statement})
    database.execute("update api_keys set revoked_at = now(), revoked_by_user_id = %s", [seller.user_id])
    return seller


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
            " and column_name ~ '(user_id|subject_id|email|anonymous_id)'"
        )
        references = {(holding.table, holding.column) for holding in HOLDINGS} | TOMBSTONES
        assert {(row["table_name"], row["column_name"]) for row in rows} - references == NAMED_OTHERWISE


class TestExport:
    def test_has_something_of_every_table(self, client: httpx.Client, person: Account):
        kinds = {line["kind"] for line in read_export(client, person)}
        assert {holding.table for holding in HOLDINGS} | FURTHER.keys() | {"export"} == kinds

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

    def test_needs_a_login(self, client: httpx.Client):
        assert client.get("/auth/me/export").status_code == 401
