-- All marts from the lake and the tables of the application, as one would write them for DuckDB alone: each event is
-- read once, nothing is kept for a later run. `bench.rebuild` replaces what stands in braces.
set timezone = 'UTC';
set preserve_insertion_order = false;
create schema marts;

create macro rate(part, whole) as cast(part as double) / nullif(whole, 0);
create macro utc_day(moment) as cast(moment at time zone 'UTC' as date);
create macro search_term(query) as nullif(trim(left(lower(regexp_replace(query, '[ \t\r\n]+', ' ', 'g')), 200)), '');
create macro main_unit(cents, currency) as cast(
    case when currency in (
        'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
    ) then cents else cents * 0.01 end as decimal(18, 2)
);

create view events as
select *,
    coalesce(agent, 'program') <> 'bot' and not coalesce(is_staff, false) and not coalesce(is_own, false) as is_counted,
    coalesce('anonymous:' || nullif(anonymous_id, ''), 'session:' || nullif(session_id, '')) as device_id
from read_parquet('{lake}/*/*.parquet', hive_partitioning = false);

create table marts.dim_organizations_history as
select organization_id, number as state_number, name, lead(valid_from) over w is null as is_current, valid_from,
    lead(valid_from) over w as valid_to
from '{tables}/raw_app.organization_states.parquet' window w as (partition by organization_id order by number);

create table marts.dim_organizations as
select o.organization_id, o.name, external_id, is_imported, created_at,
    coalesce(valid_from, created_at) as valid_from, cast(null as timestamptz) as valid_to
from '{tables}/raw_app.organizations.parquet' as o
left join marts.dim_organizations_history as h on o.organization_id = h.organization_id and is_current;

create table marts.dim_prompts_history as
select prompt_id, number as state_number, title, category, status, main_unit(price_cents, currency) as price_amount,
    currency, current_version, lead(valid_from) over w is null as is_current, valid_from,
    lead(valid_from) over w as valid_to
from '{tables}/raw_app.prompt_states.parquet' window w as (partition by prompt_id order by number);

create table marts.dim_prompts as
select p.prompt_id, external_id, p.title, p.category, seller_organization_id, p.status,
    main_unit(price_cents, p.currency) as price_amount, p.currency, p.current_version, published_at, created_at,
    coalesce(valid_from, created_at) as valid_from, cast(null as timestamptz) as valid_to
from '{tables}/raw_app.prompts.parquet' as p
left join marts.dim_prompts_history as h on p.prompt_id = h.prompt_id and is_current;

create table marts.dim_prompt_versions as
select prompt_id, version, prompt_version_id, template_length,
    lead(created_at) over w is null as is_current, created_at as valid_from, lead(created_at) over w as valid_to
from '{tables}/raw_app.prompt_versions.parquet'
window w as (partition by prompt_id order by version);

create temporary table orders as select *, utc_day(paid_at) as paid_date from '{tables}/raw_app.orders.parquet';

create table marts.fct_orders as
select order_id, external_id, o.prompt_id, prompt_version, buyer_organization_id, buyer_user_id,
    seller_organization_id, main_unit(amount_cents, o.currency) as gross_amount,
    main_unit(if(provider = 'stripe', fee_cents, coalesce(fee_cents, 0)), o.currency) as fee_amount,
    cast(gross_amount - fee_amount as decimal(18, 2)) as net_amount, o.currency, h.price_amount as list_price_amount,
    h.currency as list_currency, o.status, provider, paid_at, paid_date
from orders as o
left join marts.dim_prompts_history as h
    on o.prompt_id = h.prompt_id and paid_at >= valid_from and coalesce(paid_at < valid_to, true)
where paid_at is not null;

create table marts.fct_refunds as
select refund_id, order_id, prompt_id, buyer_organization_id, seller_organization_id,
    main_unit(refunds.amount_cents, refunds.currency) as refunded_amount, refunds.currency, reason, refunded_at,
    utc_day(refunded_at) as refunded_date, paid_date as order_paid_date
from '{tables}/raw_app.refunds.parquet' as refunds inner join orders using (order_id)
where refunds.status = 'succeeded' and paid_at is not null;

create table marts.fct_order_payments as
select balance_transaction_id, order_id, prompt_id, buyer_organization_id, seller_organization_id,
    source_id as stripe_source_id, reporting_category, main_unit(booked.amount_cents, booked.currency) as gross_amount,
    main_unit(booked.fee_cents, booked.currency) as fee_amount,
    main_unit(booked.net_cents, booked.currency) as net_amount, booked.currency,
    main_unit(source_amount_cents, source_currency) as order_amount, source_currency as order_currency, exchange_rate,
    paid_at, booked_at, utc_day(booked_at) as booked_date, available_at
from '{tables}/raw_stripe.balance_transactions.parquet' as booked
inner join orders on booked.payment_intent_id = orders.stripe_payment_intent_id
where paid_at is not null;

