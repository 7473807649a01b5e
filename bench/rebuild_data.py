"""A made-up history for `bench.rebuild`: a lake of events, and the tables of the application in the warehouse."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from string import Template

import duckdb

from warehouse.databases import connect
from warehouse.lake.manifest import Day, Part, day_directory, write_day
from warehouse.lake.part import hash_file

DAYS = 60
BATCH = 1_000
PROMPTS, SELLERS, BUYERS, USERS = 2_000, 200, 500, 5_000
# A visit is this many events: a list of ten, three clicks in it, views, searches, a checkout, two uses of a prompt and
# calls of the API. Every fourth list answers a search.
VISIT = 20

# Everything follows from the number of the event; `visit` is that of its visit.
EVENTS = Template("""
with numbered as (
    select i, i // $visit_events as visit, i % $visit_events as step, i // $batch as batch_id,
        timestamptz '$start' + to_microseconds(i * $microseconds) as moment
    from range($first, $last) as r (i)
),
named as (
    select *, (visit * 7919) % $users as person, (visit * 31) % $prompts as first_prompt,
        case when step = 0 then 'results.served' when step <= 3 then 'prompt.clicked'
            when step <= 9 then 'prompt.viewed' when step <= 12 then 'search.performed'
            when step = 13 then 'checkout.started' when step = 14 then 'prompt.rendered'
            when step = 15 then 'prompt.executed' else 'api.requested' end as name
    from numbered
)
select 'api' as source, 'event-' || i as event_id, name as event_name, 1::bigint as schema_version,
    moment as occurred_at, moment as received_at,
    if(visit % 3 = 0, null, 'buyer-' || person % $buyers) as organization_id,
    if(visit % 3 = 0, null, 'user-' || person) as user_id, 'device-' || person as anonymous_id,
    'visit-' || visit // 4 as session_id, 'request-' || i as request_id,
    if(step between 1 and 9 or step in (14, 15), 'prompt-' || (first_prompt + step * 17) % $prompts, null) as prompt_id,
    case name
        when 'results.served' then to_json({
            'surface': if(visit % 4 = 0, 'search', 'top'), 'policy_version': 'v1', 'receipt_id': 'receipt-' || visit,
            'query': if(visit % 4 = 0, 'plan ' || visit % 977, null),
            'items': list_transform(range(1, 11), lambda place: {
                'prompt_id': 'prompt-' || (first_prompt + place * 17) % $prompts, 'position': place,
                'version': 1, 'score': 1.0::double / place, 'propensity': 0.25, 'is_exploration': place = 7
            })
        })::varchar
        when 'prompt.clicked' then to_json({'position': step, 'receipt_id': 'receipt-' || visit})::varchar
        when 'search.performed' then to_json({'query': 'plan ' || i % 977, 'result_count': i % 50})::varchar
        when 'checkout.started' then to_json({'order_id': 'order-' || visit // 25})::varchar
        when 'prompt.executed' then to_json({
            'version': 1, 'gen_ai.request.model': 'model-' || i % 5, 'gen_ai.usage.input_tokens': i % 900,
            'gen_ai.usage.output_tokens': i % 400
        })::varchar
        else '{"dwell_ms": 5}'
    end as properties,
    batch_id, 1.0::double as sample_rate, 0::bigint as clock_offset_ms, 'browser' as agent, false as is_own,
    false as is_staff
from named
order by event_name, occurred_at, source, event_id
""")
TABLES = f"""
insert into raw_app.organizations
select 'seller-' || i, 'Seller ' || i, null, false, %(start)s, %(start)s, now()
from generate_series(0, {SELLERS - 1}) as i
union all
select 'buyer-' || i, 'Buyer ' || i, null, false, %(start)s, %(start)s, now()
from generate_series(0, {BUYERS - 1}) as i;

insert into raw_app.users
select 'user-' || i, 'buyer-' || i %% {BUYERS}, 'buyer', null, true, %(start)s, %(start)s, now()
from generate_series(0, {USERS - 1}) as i;

insert into raw_app.prompts
select 'prompt-' || i, 'seller-' || i %% {SELLERS}, null, 'Prompt ' || i, 'category ' || i %% 12, 500 + i, 'GBP', null,
    'published', 1, %(start)s, %(start)s, %(start)s, now()
from generate_series(0, {PROMPTS - 1}) as i;

insert into raw_app.organization_states
select organization_id, 1, name, created_at, now() from raw_app.organizations;

insert into raw_app.prompt_states (
    prompt_id, number, title, category, price_cents, currency, status, current_version, valid_from, _loaded_at
)
select prompt_id, number, title, category, price_cents + number * 10, currency, status, 1,
    created_at + number * interval '15 days' - interval '15 days', now()
from raw_app.prompts cross join generate_series(1, 2) as number;

insert into raw_app.prompt_versions
select 'version-' || i, 'prompt-' || i, 1, 800, %(start)s, now() from generate_series(0, {PROMPTS - 1}) as i;

insert into raw_app.orders (
    order_id, prompt_id, prompt_version, buyer_organization_id, buyer_user_id, seller_organization_id, amount_cents,
    currency, fee_cents, status, provider, receipt_id, paid_at, created_at, updated_at, _loaded_at
)
select 'order-' || i, 'prompt-' || prompt, 1, 'buyer-' || person %% {BUYERS}, 'user-' || person,
    'seller-' || prompt %% {SELLERS}, 500 + prompt, 'GBP', 40, case when i %% 20 = 0 then 'refunded' else 'paid' end,
    'stripe', 'receipt-' || visit, moment, moment, moment, now()
from generate_series(0, %(orders)s::bigint - 1) as i
cross join lateral (select i * 25 + 1 as visit) as visits
cross join lateral (
    select visit * 7919 %% {USERS} as person, (visit * 31 + 17) %% {PROMPTS} as prompt,
        %(start)s::timestamptz
            + (visit + 1)::bigint * {VISIT} * %(microseconds)s * interval '1 microsecond' as moment
) as named;

insert into raw_app.refunds (
    refund_id, order_id, amount_cents, currency, status, reason, refunded_at, created_at, updated_at, _loaded_at
)
select 'refund-' || order_id, order_id, 100, 'GBP', 'succeeded', 'requested_by_customer', paid_at + interval '2 days',
    paid_at, paid_at, now()
from raw_app.orders where status = 'refunded';

insert into raw_app.reviews
select 'review-' || order_id, prompt_id, buyer_organization_id, buyer_user_id, 1 + abs(hashtext(order_id)) %% 5,
    40, null, paid_at, paid_at, now()
from raw_app.orders where order_id like '%%7';

insert into raw_events.event_batches
select i, 'bench', {BATCH}, {BATCH}, 0, 0, %(start)s, now() from generate_series(0, %(batches)s - 1) as i
"""


def fill_warehouse(warehouse_url: str, *, events: int) -> None:
    """Rows of the application, already loaded, and the ledger of the lake's batches."""
    parameters = {
        "start": _start(),
        "microseconds": _microseconds(events),
        "orders": events // VISIT // 25,
        "batches": events // BATCH,
    }
    with connect(warehouse_url) as connection:
        for statement in TABLES.split(";\n\n"):
            connection.execute(statement.encode(), parameters)


def write_lake(lake: Path, *, events: int) -> None:
    """A lake of so many events, as the archive would have written it: a file a day, in the order of its parts."""
    a_day = events // DAYS // BATCH * BATCH
    with duckdb.connect() as database:
        database.execute("set timezone = 'UTC'")
        for number in range(DAYS):
            last = events if number == DAYS - 1 else (number + 1) * a_day
            _write_day(database, lake, _start().date() + timedelta(days=number), number * a_day, last, events)


def _write_day(
    database: duckdb.DuckDBPyConnection, lake: Path, received_date: date, first: int, last: int, events: int
) -> None:
    directory = day_directory(lake, received_date)
    directory.mkdir(parents=True)
    file = directory / "part-0001.parquet"
    query = EVENTS.substitute(
        start=_start(), microseconds=_microseconds(events), first=first, last=last, batch=BATCH, visit_events=VISIT,
        prompts=PROMPTS, buyers=BUYERS, users=USERS,
    )  # fmt: skip
    database.execute(f"copy ({query}) to '{file}' (format parquet, compression zstd, row_group_size 100000)")
    part = Part(
        name=file.name,
        row_count=last - first,
        byte_count=file.stat().st_size,
        sha256=hash_file(file),
        first_occurred_at=_start(),
        last_occurred_at=_start() + timedelta(days=DAYS),
        written_at=datetime.now(UTC),
    )
    write_day(lake, Day(received_date=received_date, parts=(part,)))


def _start() -> datetime:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=DAYS + 5)


def _microseconds(events: int) -> int:
    """Between two events, all spread evenly."""
    return DAYS * 86_400_000_000 // events
