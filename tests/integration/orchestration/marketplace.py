"""A small made-up marketplace in the application database: something of everything, in known numbers."""

from datetime import UTC, datetime

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from warehouse.databases import connect

# Facts lie on the days from this one on; all of them before any test runs.
FIRST_DAY = datetime(2026, 3, 1, tzinfo=UTC)

Connection = psycopg.Connection[DictRow]

# Ids are readable: a prefix by kind and a running number.
FILL = """
insert into organizations (id, name)
select ('0a000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, 'Seller ' || i from generate_series(1, 3) as i;

insert into organizations (id, name)
select ('0b000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, 'Buyer ' || i from generate_series(1, 5) as i;

insert into users (id, organization_id, role, external_id)
select ('0c000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid,
    ('0b000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, 'buyer', 'user-' || i
from generate_series(1, 5) as i;

insert into prompts (
    id, seller_organization_id, external_id, title, category, price_cents, currency, status, published_at, created_at
)
select ('0d000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid,
    ('0a000000-0000-0000-0000-' || lpad((i % 3 + 1)::text, 12, '0'))::uuid, 'prompt-' || i, 'Prompt ' || i,
    case i % 2 when 0 then 'writing' else 'coding' end, 1050, case when i % 5 = 0 then 'JPY' else 'GBP' end,
    'published', %(first_day)s::timestamptz, %(first_day)s::timestamptz
from generate_series(1, %(prompts)s) as i;

insert into orders (
    id, external_id, prompt_id, prompt_version, buyer_organization_id, buyer_user_id, seller_organization_id,
    amount_cents, currency, status, provider, paid_at, created_at
)
select ('0e000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, 'order-' || i, prompts.id, 1,
    users.organization_id, users.id, prompts.seller_organization_id, prompts.price_cents + i % 7,
    prompts.currency, 'paid', 'import', %(first_day)s::timestamptz + i % 20 * interval '1 day',
    %(first_day)s::timestamptz
from generate_series(1, %(orders)s) as i
inner join prompts on prompts.external_id = 'prompt-' || (i * 7 % %(prompts)s + 1)
inner join users on users.external_id = 'user-' || (i % 5 + 1);

insert into refunds (id, order_id, amount_cents, currency, status, refunded_at)
select ('0f000000-0000-0000-0000-' || right(id::text, 12))::uuid, id, amount_cents, currency, 'succeeded',
    paid_at + interval '2 days'
from orders where right(external_id, 1) = '3';
update orders set status = 'refunded' where right(external_id, 1) = '3';

update orders set provider = 'stripe', fee_cents = 60, stripe_payment_intent_id = 'pi_4' where external_id = 'order-4';

insert into balance_transactions (
    id, type, reporting_category, amount_cents, fee_cents, net_cents, currency, source_id, source_object,
    source_amount_cents, source_currency, payment_intent_id, booked_at, available_at
)
select 'txn_4', 'charge', 'charge', amount_cents, fee_cents, amount_cents - fee_cents, currency, 'ch_4', 'charge',
    amount_cents, currency, stripe_payment_intent_id, paid_at, paid_at
from orders where external_id = 'order-4';

insert into raw_events (
    source, event_id, event_name, schema_version, occurred_at, received_at, organization_id, user_id, session_id,
    properties, batch_id
)
select 'api', 'served-' || i, 'results.served', 1, %(first_day)s::timestamptz + i % 20 * interval '1 day',
    now(), users.organization_id, users.id, 'session-' || i, jsonb_build_object(
        'surface', 'top', 'receipt_id', 'receipt-' || i, 'policy_version', 'none', 'items', (
            select jsonb_agg(jsonb_build_object('prompt_id', prompts.id, 'position', position, 'propensity', 0.25))
            from generate_series(1, 4) as position
            inner join prompts on prompts.external_id = 'prompt-' || ((i + position) % %(prompts)s + 1)
        )
    ), 1000
from generate_series(1, %(lists)s) as i
inner join users on users.external_id = 'user-' || (i % 5 + 1);

insert into raw_events (
    source, event_id, event_name, schema_version, occurred_at, received_at, organization_id, user_id, session_id,
    prompt_id, properties, batch_id
)
select 'api', 'clicked-' || event_id, 'prompt.clicked', 1, occurred_at + interval '1 minute', now(), organization_id,
    user_id, session_id, (properties #>> '{items,0,prompt_id}')::uuid,
    jsonb_build_object('position', 1, 'receipt_id', properties ->> 'receipt_id'), 1000
from raw_events where event_name = 'results.served' and right(event_id, 1) in ('1', '2');

insert into event_batches (id, origin, received_count, stored_count, duplicate_count, quarantined_count)
select batch_id, 'test', count(*), count(*), 0, 0 from raw_events group by batch_id
"""


def fill(database_url: str, *, prompts: int = 12, orders: int = 60, lists: int = 40) -> None:
    """Fill an empty application database."""
    with connect(database_url) as connection:
        for statement in FILL.replace("%", "%%").replace("%%(", "%(").split(";\n\n"):
            parameters = {"first_day": FIRST_DAY, "prompts": prompts, "orders": orders, "lists": lists}
            connection.execute(statement.encode(), parameters)


def add_orders(database_url: str, *, prefix: str, paid_at: datetime, prompt: int = 1, count: int = 1) -> None:
    """Further paid orders of one prompt, all at one moment."""
    with connect(database_url) as connection:
        connection.execute(
            """
            insert into orders (
                external_id, prompt_id, prompt_version, buyer_organization_id, buyer_user_id, seller_organization_id,
                amount_cents, currency, status, provider, paid_at
            )
            select %(prefix)s::text || i, prompts.id, 1, users.organization_id, users.id,
                prompts.seller_organization_id, 999, prompts.currency, 'paid', 'import', %(paid_at)s
            from generate_series(1, %(count)s) as i
            inner join prompts on prompts.external_id = 'prompt-' || %(prompt)s::text
            inner join users on users.external_id = 'user-1'
            """,
            {"prefix": prefix, "paid_at": paid_at, "prompt": prompt, "count": count},
        )


def add_stripe_order(database_url: str, *, amount_cents: int, confirmed_cents: int) -> None:
    """An order paid through Stripe, and the webhook in which Stripe confirms an amount."""
    with connect(database_url) as connection:
        connection.execute(
            """
            insert into orders (
                external_id, prompt_id, prompt_version, buyer_organization_id, buyer_user_id, seller_organization_id,
                amount_cents, currency, status, provider, stripe_payment_intent_id, paid_at
            )
            select 'stripe-1', prompts.id, 1, users.organization_id, users.id, prompts.seller_organization_id, %s,
                'GBP', 'paid', 'stripe', 'pi_1', %s
            from prompts, users where prompts.external_id = 'prompt-1' and users.external_id = 'user-1'
            """,
            [amount_cents, FIRST_DAY],
        )
        payment = {"id": "pi_1", "amount_received": confirmed_cents, "currency": "gbp"}
        connection.execute(
            "insert into webhook_inbox (source, external_id, event_type, body, payload)"
            " values ('stripe', 'evt_1', 'payment_intent.succeeded', '', %s)",
            [Jsonb({"id": "evt_1", "data": {"object": payment}})],
        )


def confirm_stripe_order(database_url: str, *, confirmed_cents: int) -> None:
    """Stripe confirms another amount after all."""
    with connect(database_url) as connection:
        connection.execute(
            "update webhook_inbox set payload = jsonb_set(payload, '{data,object,amount_received}', to_jsonb(%s::int))",
            [confirmed_cents],
        )


def read(url: str, statement: str) -> list[DictRow]:
    """All rows of a query."""
    with connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def read_value(url: str, statement: str) -> object:
    """The one value of a query."""
    [row] = read(url, statement)
    [value] = row.values()
    return value


NEWS = """
insert into event_batches (id, origin, received_count, stored_count, duplicate_count, quarantined_count)
values (2000 + %(number)s, 'test', 5, 5, 0, 0);

insert into raw_events (
    source, event_id, event_name, schema_version, occurred_at, received_at, organization_id, user_id, anonymous_id,
    session_id, prompt_id, properties, batch_id
)
select 'api', 'news-' || %(number)s::int || '-' || number, name, 1,
    %(first_day)s::timestamptz + (%(number)s %% 20) * interval '1 day' + number * interval '1 minute', now(),
    case when name <> 'prompt.viewed' then users.organization_id end,
    case when name <> 'prompt.viewed' then users.id end, 'visitor-' || %(number)s %% 3, 'news-' || %(number)s::int,
    case when name in ('prompt.clicked', 'prompt.viewed') then prompts.id end,
    case name
        when 'results.served' then jsonb_build_object(
            'surface', 'search', 'query', 'plan', 'receipt_id', 'news-' || %(number)s::int, 'policy_version', 'none',
            'items', jsonb_build_array(
                jsonb_build_object('prompt_id', prompts.id, 'position', 1, 'propensity', 0.5)
            )
        )
        when 'prompt.clicked' then jsonb_build_object('position', 1, 'receipt_id', 'news-' || %(number)s::int)
        else '{"query": "plan", "result_count": 0}'
    end, 2000 + %(number)s
from unnest(array['prompt.viewed', 'search.performed', 'results.served', 'prompt.clicked', 'prompt.viewed'])
    with ordinality as events (name, number)
inner join prompts on prompts.external_id = 'prompt-' || (%(number)s %% 12 + 1)
inner join users on users.external_id = 'user-' || (%(number)s %% 5 + 1);

insert into orders (
    external_id, prompt_id, prompt_version, buyer_organization_id, buyer_user_id, seller_organization_id, amount_cents,
    currency, status, provider, receipt_id, paid_at
)
select 'news-' || %(number)s::int, prompts.id, 1, users.organization_id, users.id, prompts.seller_organization_id, 999,
    prompts.currency, 'paid', 'import', 'news-' || %(number)s::int,
    %(first_day)s::timestamptz + (%(number)s %% 20) * interval '1 day' + interval '1 hour'
from prompts
inner join users on users.external_id = 'user-' || (%(number)s %% 5 + 1)
where prompts.external_id = 'prompt-' || (%(number)s %% 12 + 1);

insert into refunds (order_id, amount_cents, currency, status, refunded_at)
select id, 5, currency, 'succeeded', paid_at + interval '1 day' from orders
where external_id = 'order-' || (%(number)s %% 60 + 1) and status = 'paid';

insert into reviews (prompt_id, organization_id, user_id, rating, created_at)
select prompts.id, users.organization_id, users.id, %(number)s %% 5 + 1, %(first_day)s
from prompts
inner join users on users.external_id = 'user-' || (%(number)s %% 5 + 1)
where prompts.external_id = 'prompt-' || (%(number)s %% 12 + 1)
on conflict do nothing;

update prompts set price_cents = price_cents + 1 where external_id = 'prompt-' || (%(number)s %% 12 + 1)
"""


def add_news(database_url: str, *, number: int) -> None:
    """A little of everything that can happen; another `number` is other news."""
    with connect(database_url) as connection:
        for statement in NEWS.split(";\n\n"):
            connection.execute(statement.encode(), {"number": number, "first_day": FIRST_DAY})
