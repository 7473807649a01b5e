"""A person of whom something is in every table, and what the platform hands over of her."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.api.conftest import Account

PLANT = """
insert into decisions (kind, organization_id, reason, ground, rule, facts, detected_by, decided_by_user_id)
values ('money_hold', %(organization)s, 'other', 'terms', 'Terms', 'secret of others', 'notice', %(user)s);

update decisions set status = 'lifted', ended_at = now(), end_reason = 'x', ended_by_user_id = %(user)s
where decided_by_user_id = %(user)s;

insert into decisions (kind, organization_id, reason, ground, rule, facts, detected_by)
values ('ranking_hold', %(organization)s, 'other', 'terms', 'Terms', 'facts', 'notice');

insert into appeals (decision_id, text, appealed_by_user_id)
select id, 'No', %(user)s from decisions where kind = 'ranking_hold' and organization_id = %(organization)s;

update users set email_verified_at = now() where id = %(user)s;

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
values ('stripe', 'evt_' || gen_random_uuid(), 'x', '', jsonb_build_object('email', %(email)s::text), now())
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
