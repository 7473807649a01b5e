"""The small marketplace of the pipeline's tests, with visits, searches and buyers that come back."""

from datetime import timedelta

from tests.integration.orchestration.marketplace import FIRST_DAY, add_orders
from warehouse.databases import connect

VISITS = """
insert into raw_events (
    source, event_id, event_name, schema_version, occurred_at, received_at, organization_id, user_id, session_id,
    prompt_id, properties, batch_id
)
select 'api', name || '-' || i, name, 1,
    %(first_day)s::timestamptz + i %% 23 * interval '1 day' + place * interval '1 minute', now(),
    users.organization_id, users.id, 'visit-' || i,
    case name when 'prompt.viewed' then prompts.id end,
    case name when 'search.performed' then jsonb_build_object('query', 'essay', 'result_count', i %% 3)
        when 'prompt.viewed' then jsonb_build_object('dwell_ms', 1000) else '{}' end, 1001
from generate_series(1, 70) as i
cross join (values ('search.performed', 1), ('prompt.viewed', 2)) as steps (name, place)
inner join users on users.external_id = 'user-' || (i * 3 %% 5 + 1)
inner join prompts on prompts.external_id = 'prompt-' || (i * 5 %% 12 + 1)
where place = 1 or i %% 4 > 0
"""
BATCH = """
insert into event_batches (id, origin, received_count, stored_count, duplicate_count, quarantined_count)
select batch_id, 'test', count(*), count(*), 0, 0 from raw_events where batch_id = 1001 group by batch_id
"""
REVIEWS = """
insert into reviews (prompt_id, organization_id, user_id, rating, hidden_at, created_at)
select prompts.id, users.organization_id, users.id, number %% 5 + 1,
    case when number %% 9 = 0 then now() end, %(first_day)s::timestamptz + number %% 29 * interval '1 day'
from (
    select id, (row_number() over (order by external_id))::int as place from prompts
) as prompts
cross join (
    select id, organization_id, (row_number() over (order by external_id))::int as place
    from users where external_id like 'user-%%'
) as users
cross join lateral (select prompts.place * 5 + users.place as number) as numbers
"""
FEES = "update orders set fee_cents = amount_cents / 9, provider = 'stripe' where right(external_id, 1) in ('2', '5')"


def add_visits(database_url: str) -> None:
    """Add to the marketplace of the pipeline's tests; facts then lie on 60 days, on some of which nothing happens."""
    add_orders(database_url, prefix="late-", paid_at=FIRST_DAY + timedelta(days=33), prompt=3, count=2)
    add_orders(database_url, prefix="last-", paid_at=FIRST_DAY + timedelta(days=59, hours=23), prompt=5)
    with connect(database_url) as connection:
        connection.execute(VISITS.encode(), {"first_day": FIRST_DAY})
        connection.execute(BATCH)
        connection.execute(REVIEWS.encode(), {"first_day": FIRST_DAY})
        connection.execute(FEES)
