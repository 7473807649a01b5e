"""A made-up history for `bench.increment`, written into the application database as the journal would leave it."""

from datetime import UTC, datetime, timedelta

from warehouse.databases import connect

DAYS = 60
BATCH = 1_000
PROMPTS, SELLERS, BUYERS, USERS = 2_000, 200, 500, 5_000
# A visit is this many events: a list of ten, three clicks in it, views, searches, a checkout and calls of the API.
VISIT = 20
VISITS_AN_ORDER = 25

CATALOG = f"""
insert into organizations (id, name, created_at)
select md5('seller-' || i)::uuid, 'Seller ' || i, %(start)s from generate_series(0, {SELLERS - 1}) as i
union all
select md5('buyer-' || i)::uuid, 'Buyer ' || i, %(start)s from generate_series(0, {BUYERS - 1}) as i;

insert into users (id, organization_id, role, external_id, created_at)
select md5('user-' || i)::uuid, md5('buyer-' || i %% {BUYERS})::uuid, 'buyer', 'user-' || i, %(start)s
from generate_series(0, {USERS - 1}) as i;

insert into prompts (
    id, seller_organization_id, title, category, price_cents, currency, status, published_at, created_at
)
select md5('prompt-' || i)::uuid, md5('seller-' || i %% {SELLERS})::uuid, 'Prompt ' || i, 'category ' || i %% 12,
    500 + i, 'GBP', 'published', %(start)s, %(start)s
from generate_series(0, {PROMPTS - 1}) as i
"""
# Everything follows from the number of the event; `visit` is that of its visit.
EVENTS = f"""
insert into raw_events (
    source, event_id, event_name, schema_version, occurred_at, received_at, organization_id, user_id, anonymous_id,
    session_id, request_id, prompt_id, properties, batch_id
)
select 'api', 'event-' || i, name, 1, moment, moment,
    case when visit %% 3 > 0 then md5('buyer-' || person %% {BUYERS})::uuid end,
    case when visit %% 3 > 0 then md5('user-' || person)::uuid end,
    'device-' || person, 'visit-' || visit / 4, 'request-' || i,
    case when step between 1 and 9 then md5('prompt-' || (first_prompt + step * 17) %% {PROMPTS})::uuid end,
    case name
        when 'results.served' then jsonb_build_object(
            'surface', 'top', 'policy_version', 'v1', 'receipt_id', 'receipt-' || visit, 'items', (
                select jsonb_agg(jsonb_build_object(
                    'prompt_id', md5('prompt-' || (first_prompt + place * 17) %% {PROMPTS})::uuid, 'position', place,
                    'version', 1, 'score', 1.0 / place, 'propensity', 0.25, 'is_exploration', place = 7
                ))
                from generate_series(1, 10) as place
            )
        )
        when 'prompt.clicked' then jsonb_build_object('position', step, 'receipt_id', 'receipt-' || visit)
        when 'search.performed' then jsonb_build_object('query', 'plan ' || i %% 977, 'result_count', i %% 50)
        when 'checkout.started'
            then jsonb_build_object('order_id', md5('order-' || visit / {VISITS_AN_ORDER})::uuid)
        else '{{"dwell_ms": 5}}'
    end,
    i / {BATCH} + 1
from generate_series(%(first)s::bigint, %(last)s::bigint - 1) as i
cross join lateral (
    select i / {VISIT} as visit, i %% {VISIT} as step,
        %(from)s::timestamptz + (i - %(first)s) * %(gap)s::interval as moment
) as numbered
cross join lateral (
    select visit * 7919 %% {USERS} as person, visit * 31 %% {PROMPTS} as first_prompt,
        case when step = 0 then 'results.served' when step <= 3 then 'prompt.clicked'
            when step <= 9 then 'prompt.viewed' when step <= 12 then 'search.performed'
            when step = 13 then 'checkout.started' else 'api.requested' end as name
) as named;

insert into event_batches (
    id, origin, received_count, stored_count, duplicate_count, quarantined_count, recorded_at, first_received_on,
    last_received_on
)
select i, 'bench', {BATCH}, {BATCH}, 0, 0, %(from)s,
    (%(from)s::timestamptz + ((i - 1) * {BATCH} - %(first)s) * %(gap)s::interval)::date,
    (%(from)s::timestamptz + (i * {BATCH} - 1 - %(first)s) * %(gap)s::interval)::date
from generate_series(%(first)s::bigint / {BATCH} + 1, %(last)s::bigint / {BATCH}) as i;

insert into orders (
    id, prompt_id, prompt_version, buyer_organization_id, buyer_user_id, seller_organization_id, amount_cents, currency,
    fee_cents, status, provider, receipt_id, paid_at, created_at
)
select md5('order-' || i)::uuid, md5('prompt-' || prompt)::uuid, 1, md5('buyer-' || person %% {BUYERS})::uuid,
    md5('user-' || person)::uuid, md5('seller-' || prompt %% {SELLERS})::uuid, 500 + prompt, 'GBP', 40, 'paid',
    'import', 'receipt-' || visit, moment, moment
from generate_series(%(first)s::bigint / {VISIT * VISITS_AN_ORDER}, %(last)s::bigint / {VISIT * VISITS_AN_ORDER} - 1)
    as i
cross join lateral (select i * {VISITS_AN_ORDER} + 1 as visit) as visits
cross join lateral (
    select visit * 7919 %% {USERS} as person, (visit * 31 + 17) %% {PROMPTS} as prompt,
        %(from)s::timestamptz + ((visit + 1) * {VISIT} - %(first)s) * %(gap)s::interval as moment
) as named
"""


def write_catalog(database_url: str) -> None:
    """Companies, people and prompts, older than all events."""
    with connect(database_url) as connection:
        for statement in CATALOG.split(";\n\n"):
            connection.execute(statement.encode(), {"start": _today() - timedelta(days=DAYS + 5)})


def write_history(database_url: str, *, events: int) -> int:
    """So many events on the days before today, and orders with them; the number of the next event."""
    a_day = events // DAYS // BATCH * BATCH
    for number in range(DAYS):
        last = events if number == DAYS - 1 else (number + 1) * a_day
        _write(database_url, number * a_day, last, since=_today() - timedelta(days=DAYS - number), hours=23)
    return events


def write_news(database_url: str, *, first: int, events: int) -> None:
    """So many events of the last hour, and orders with them."""
    _write(database_url, first, first + events, since=datetime.now(UTC) - timedelta(hours=1), hours=1)


def _write(database_url: str, first: int, last: int, *, since: datetime, hours: int) -> None:
    parameters = {"first": first, "last": last, "from": since, "gap": timedelta(hours=hours) / (last - first)}
    with connect(database_url) as connection:
        for day in {since.date(), (since + timedelta(hours=hours)).date()}:
            connection.execute("select make_event_day(%s)", [day])
        for statement in EVENTS.split(";\n\n"):
            connection.execute(statement.encode(), parameters)


def _today() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
