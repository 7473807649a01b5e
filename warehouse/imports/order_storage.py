"""Orders and their refunds into the application database, a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from warehouse.imports.identity import imported_id
from warehouse.imports.importer import Connection, copy_rows, single
from warehouse.imports.party import ensure_users

if TYPE_CHECKING:
    from warehouse.imports.order import OrderRow

TEMPORARY_TABLE = """
drop table if exists pg_temp.import_orders;
create temporary table import_orders (
    id uuid not null, external_id text primary key, prompt_external_id text not null, user_external_id text not null,
    amount_cents bigint not null, currency text not null, paid_at timestamptz not null,
    refund_id uuid, refunded_at timestamptz, refunded_cents bigint
);
"""
COLUMNS = (
    "id", "external_id", "prompt_external_id", "user_external_id", "amount_cents", "currency", "paid_at", "refund_id",
    "refunded_at", "refunded_cents",
)  # fmt: skip

UNKNOWN_PROMPTS = """
delete from import_orders
where not exists (select 1 from prompts where prompts.external_id = import_orders.prompt_external_id)
returning external_id, prompt_external_id
"""
CONFLICTS = """
with known as (
    select
        orders.external_id, prompts.external_id as prompt_external_id, users.external_id as user_external_id,
        orders.amount_cents, orders.currency, orders.paid_at, refunded.refunded_at, refunded.refunded_cents
    from import_orders as arrived
    inner join orders on arrived.external_id = orders.external_id
    inner join prompts on orders.prompt_id = prompts.id
    inner join users on orders.buyer_user_id = users.id
    left join lateral (
        select max(refunded_at) as refunded_at, sum(amount_cents)::bigint as refunded_cents
        from refunds where refunds.order_id = orders.id and refunds.status = 'succeeded'
    ) as refunded on true
)
delete from import_orders as arrived using known
where arrived.external_id = known.external_id and (
    (arrived.prompt_external_id, arrived.user_external_id, arrived.amount_cents, arrived.currency, arrived.paid_at)
    is distinct from
    (known.prompt_external_id, known.user_external_id, known.amount_cents, known.currency, known.paid_at)
    or (
        arrived.refunded_cents is not null and known.refunded_cents is not null
        and (arrived.refunded_at, arrived.refunded_cents) is distinct from (known.refunded_at, known.refunded_cents)
    )
)
returning known.*
"""
REFUND_KNOWN = """
with refunded as (
    insert into refunds (id, external_id, order_id, amount_cents, currency, status, refunded_at, created_at)
    select
        arrived.refund_id, arrived.external_id || '-refund', orders.id, arrived.refunded_cents, arrived.currency,
        'succeeded', arrived.refunded_at, arrived.refunded_at
    from import_orders as arrived
    inner join orders on arrived.external_id = orders.external_id
    where arrived.refunded_cents is not null
        and not exists (select 1 from refunds where refunds.order_id = orders.id and refunds.status = 'succeeded')
    returning order_id, amount_cents
),
changed as (
    update orders set
        status = case when refunded.amount_cents = orders.amount_cents then 'refunded' else 'partially_refunded' end
    from refunded
    where orders.id = refunded.order_id
    returning orders.id
)
select count(*) as updated from changed
"""
# The version somebody bought is the newest one there was when they paid.
INSERT = """
with new as (
    insert into orders (
        id, external_id, prompt_id, prompt_version, buyer_organization_id, buyer_user_id, seller_organization_id,
        amount_cents, currency, fee_cents, status, provider, paid_at, created_at
    )
    select
        arrived.id, arrived.external_id, prompts.id,
        (
            select coalesce(max(version), 1) from prompt_versions
            where prompt_versions.prompt_id = prompts.id and prompt_versions.created_at <= arrived.paid_at
        ),
        users.organization_id, users.id, prompts.seller_organization_id, arrived.amount_cents, arrived.currency, 0,
        case
            when arrived.refunded_cents is null then 'paid'
            when arrived.refunded_cents = arrived.amount_cents then 'refunded'
            else 'partially_refunded'
        end,
        'import', arrived.paid_at, arrived.paid_at
    from import_orders as arrived
    inner join prompts on arrived.prompt_external_id = prompts.external_id
    inner join users on arrived.user_external_id = users.external_id
    where not exists (select 1 from orders where orders.external_id = arrived.external_id)
    returning id
)
select count(*) as inserted from new
"""
REFUND_NEW = """
insert into refunds (id, external_id, order_id, amount_cents, currency, status, refunded_at, created_at)
select
    arrived.refund_id, arrived.external_id || '-refund', orders.id, arrived.refunded_cents, arrived.currency,
    'succeeded', arrived.refunded_at, arrived.refunded_at
from import_orders as arrived
inner join orders on arrived.external_id = orders.external_id
where arrived.refunded_cents is not null
    and not exists (select 1 from refunds where refunds.order_id = orders.id and refunds.status = 'succeeded')
"""


@dataclass(frozen=True)
class KnownOrder:
    """An order as it is stored, in the words of a file."""

    external_id: str
    prompt_external_id: str | None
    user_external_id: str | None
    amount_cents: int
    currency: str
    paid_at: datetime
    refunded_at: datetime | None
    refunded_cents: int | None


@dataclass(frozen=True)
class Written:
    """Counts of orders."""

    inserted: int
    updated: int
    unchanged: int


def arrive(connection: Connection, rows: Sequence["OrderRow"]) -> None:
    """Copy a batch into its temporary table."""
    copy_rows(
        connection,
        "import_orders",
        COLUMNS,
        (
            (
                imported_id("order", row.external_id), row.external_id, row.prompt_external_id, row.user_external_id,
                row.amount_cents, row.currency, row.paid_at,
                imported_id("refund", row.external_id) if row.refunded_cents is not None else None,
                row.refunded_at, row.refunded_cents,
            )
            for row in rows
        ),
    )  # fmt: skip


def take_out_unknown_prompts(connection: Connection) -> list[tuple[str, str]]:
    """Take out orders of prompts nobody knows; each with its prompt."""
    return [(row["external_id"], row["prompt_external_id"]) for row in connection.execute(UNKNOWN_PROMPTS)]


def take_out_conflicts(connection: Connection) -> list[KnownOrder]:
    """Take out orders that contradict what is stored; what is stored."""
    return [KnownOrder(**row) for row in connection.execute(CONFLICTS)]


def write(connection: Connection) -> Written:
    """Write what is left of the batch."""
    left = single(connection, "select count(*) as rows from import_orders")["rows"]
    users = connection.execute("select distinct user_external_id from import_orders").fetchall()
    ensure_users(connection, [row["user_external_id"] for row in users])
    updated = single(connection, REFUND_KNOWN)["updated"]
    inserted = single(connection, INSERT)["inserted"]
    connection.execute(REFUND_NEW)
    return Written(inserted=inserted, updated=updated, unchanged=left - updated - inserted)
