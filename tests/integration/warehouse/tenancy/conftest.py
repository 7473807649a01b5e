"""Two companies that trade, and connections as the roles that own nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.tenancy import NOBODY, SETTING, Access, Scope, ScopeSigner

Connection = psycopg.Connection[DictRow]
Connect = Callable[[Scope], AbstractContextManager[Connection]]


@dataclass(frozen=True)
class Company:
    """A company with one member and one draft, one published and one archived prompt, each with a version."""

    organization_id: UUID
    user_id: UUID
    draft_id: UUID
    published_id: UUID
    archived_id: UUID

    @property
    def scope(self) -> Scope:
        return Scope("seller", self.organization_id, self.user_id)


@dataclass(frozen=True)
class World:
    """`buyer` bought `seller`'s published prompt; `rival` did nothing."""

    seller: Company
    buyer: Company
    rival: Company
    order_id: UUID
    refund_id: UUID


@pytest.fixture
def as_application(access: Access) -> Connect:
    """A transaction of the application role in a scope; everything is taken back at its end."""

    @contextmanager
    def as_application(scope: Scope = NOBODY) -> Iterator[Connection]:
        with connect(access.application_url) as connection, connection.transaction(force_rollback=True):
            enter(connection, access, scope)
            yield connection

    return as_application


def enter(connection: Connection, access: Access, scope: Scope) -> None:
    signed = ScopeSigner(access.scope_key).sign(scope)
    connection.execute("select set_config(%s, %s, true)", [SETTING, signed])


@pytest.fixture(scope="module")
def owner(database_url: str) -> Iterator[Connection]:
    """The owner of the application database, each statement committed at once."""
    with connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def world(owner: Connection, access: Access) -> World:
    seller, buyer, rival = (make_company(owner, name) for name in ("Seller", "Buyer", "Rival"))
    order_id = one(
        owner,
        """
        insert into orders (prompt_id, prompt_version, buyer_organization_id, buyer_user_id, seller_organization_id,
            amount_cents, currency, status, provider, paid_at)
        values (%s, 1, %s, %s, %s, 1900, 'USD', 'paid', 'stripe', now()) returning id
        """,
        [seller.published_id, buyer.organization_id, buyer.user_id, seller.organization_id],
    )
    owner.execute(
        "insert into entitlements (organization_id, prompt_id, order_id, granted_at) values (%s, %s, %s, now())",
        [buyer.organization_id, seller.published_id, order_id],
    )
    refund_id = one(
        owner,
        "insert into refunds (order_id, amount_cents, currency, status, refunded_at)"
        " values (%s, 100, 'USD', 'succeeded', now()) returning id",
        [order_id],
    )
    owner.execute(
        """
        insert into raw_events (source, event_id, event_name, schema_version, occurred_at, received_at,
            organization_id, properties, batch_id)
        values ('test', 'e1', 'prompt.viewed', 1, now(), now(), %s, '{}', 1)
        """,
        [buyer.organization_id],
    )
    owner.execute(
        "insert into webhook_inbox (source, external_id, event_type, body, payload) values ('t', 'w1', 'x', '', '{}')"
    )
    owner.execute(
        "insert into quarantine (kind, origin, fingerprint, raw, byte_count, reason, detail)"
        " values ('events', 't', 'f', '', 0, '', '')"
    )
    record_what_happened(owner, seller, buyer)
    return World(seller, buyer, rival, order_id, refund_id)


def record_what_happened(owner: Connection, seller: Company, buyer: Company) -> None:
    given = {
        "seller": seller.organization_id,
        "sellers_user": seller.user_id,
        "buyer": buyer.organization_id,
        "buyers_user": buyer.user_id,
        "prompt": seller.published_id,
    }
    for statement in (
        "insert into event_ids (id, received_at) values (gen_random_uuid(), now())",
        "insert into event_batches (origin, received_count, stored_count, duplicate_count, quarantined_count)"
        " values ('t', 1, 1, 0, 0)",
        "insert into outbox (kind, payload) values ('t', '{}')",
        "insert into balance_transactions (id, type, reporting_category, amount_cents, fee_cents, net_cents, currency,"
        " booked_at, available_at) values ('txn_1', 'payout', 'payout', -5, 0, -5, 'USD', now(), now())",
        "insert into ledger_positions (provider) values ('stripe')",
        "insert into idempotency_keys (caller, key, fingerprint, claim_id, claimed_until, expires_at)"
        " values ('t', 'k', sha256(''), gen_random_uuid(), now(), now())",
        "insert into sessions (user_id, organization_id, expires_at) values (%(sellers_user)s, %(seller)s, now())",
        "insert into refresh_tokens (id, session_id, organization_id, expires_at)"
        " select gen_random_uuid(), id, organization_id, now() from sessions",
        "insert into api_keys (organization_id, created_by_user_id, name, prefix, secret_hash, scopes, expires_at)"
        " values (%(seller)s, %(sellers_user)s, 'k', 'k', sha256(''), '{orders:read}', now())",
        "insert into audit_log (actor_organization_id, organization_id, action, object_type, object_id)"
        " values (%(buyer)s, %(seller)s, 'order.made', 'order', 'o')",
        "insert into audit_origins (entry_id) select id from audit_log",
        "insert into reviews (prompt_id, organization_id, user_id, rating, hidden_at)"
        " values (%(prompt)s, %(buyer)s, %(buyers_user)s, 1, now())",
        "insert into decisions (kind, organization_id, reason, ground, rule, facts, detected_by)"
        " values ('money_hold', %(seller)s, 'other', 'terms', 'r', 'f', 'notice')",
        "insert into appeals (decision_id, text) select id, 'why' from decisions",
        "insert into invitations (organization_id, email, role, expires_at)"
        " values (%(seller)s, 'new@example.com', 'buyer', now())",
        "insert into account_links (purpose, token_hash, user_id, bound_to, expires_at)"
        " values ('password_reset', sha256(''), %(sellers_user)s, '', now())",
        "insert into second_factors (user_id, secret) values (%(sellers_user)s, '')",
        "insert into recovery_codes (user_id, code_hash) values (%(sellers_user)s, '')",
        "insert into erasures (organization_id, requested_by, user_id) values (%(seller)s, 'self', %(sellers_user)s)",
    ):
        owner.execute(statement, given)


def one(connection: Connection, statement: str, parameters: list[object]) -> UUID:
    row = connection.execute(statement, parameters).fetchone()
    assert row is not None
    found: UUID = row["id"]
    return found


def make_company(owner: Connection, name: str) -> Company:
    organization_id = one(owner, "insert into organizations (name) values (%s) returning id", [name])
    user_id = one(
        owner,
        "insert into users (organization_id, email, password_hash, role)"
        " values (%s, %s, 'hash', 'seller') returning id",
        [organization_id, f"{name.lower()}@example.com"],
    )
    prompts = []
    for status in ("draft", "published", "archived"):
        prompt_id = one(
            owner,
            "insert into prompts (seller_organization_id, title, price_cents, currency, status, published_at)"
            " values (%s, %s, 1900, 'USD', %s, case when %s <> 'draft' then now() end) returning id",
            [organization_id, f"{name}'s {status}", status, status],
        )
        owner.execute(
            "insert into prompt_versions (prompt_id, version, template) values (%s, 1, %s)",
            [prompt_id, f"the secret text of {name}"],
        )
        prompts.append(prompt_id)
    return Company(organization_id, user_id, *prompts)
