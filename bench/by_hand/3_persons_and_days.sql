create temporary table activities as
select source, event_id, event_name, user_id, device_id, 'session:' || nullif(session_id, '') as session_device_id,
    properties ->> '$.surface' as surface, is_counted, occurred_at
from events
where event_name not in ('api.requested', 'order.refunded') and (user_id is not null or device_id is not null);

create temporary table stretches as
with sightings as (
    select device_id, user_id, occurred_at, source, event_id from activities
    where user_id is not null and device_id is not null
    union all
    select session_device_id, user_id, occurred_at, source, event_id from activities
    where user_id is not null and session_device_id is not null
),
changes as (
    select * from sightings
    qualify coalesce(lag(user_id) over (partition by device_id order by occurred_at, source, event_id) <> user_id, true)
)
select device_id, user_id,
    if(row_number() over w = 1, timestamptz '1970-01-01 00:00:00+00', occurred_at) as valid_from,
    coalesce(lead(occurred_at) over w, timestamptz 'infinity') as valid_to
from changes window w as (partition by device_id order by occurred_at, source, event_id);

create temporary table views as
select prompt_id, utc_day(occurred_at) as viewed_date, coalesce(e.user_id, s.user_id, e.device_id) as person_id
from events as e
left join stretches as s
    on e.user_id is null and e.device_id = s.device_id and occurred_at >= valid_from and occurred_at < valid_to
where event_name = 'prompt.viewed' and prompt_id is not null and is_counted;

create table marts.fct_searches as
select concat(utc_day(occurred_at), '-', md5(concat(source, '|', event_id))) as search_id,
    properties ->> '$.query' as query,
    try_cast(properties ->> '$.result_count' as integer) as result_count,
    coalesce(result_count = 0, false) as is_without_result, e.user_id, e.device_id,
    coalesce(e.user_id, s.user_id, e.device_id) as person_id, organization_id, is_counted, occurred_at as searched_at,
    utc_day(occurred_at) as searched_date, source, event_id
from events as e
left join stretches as s
    on e.user_id is null and e.device_id = s.device_id and occurred_at >= valid_from and occurred_at < valid_to
where event_name = 'search.performed';

create table marts.fct_sessions as
with persons as (
    select a.*, coalesce(a.user_id, s.user_id) as known_user_id,
        coalesce(a.user_id, s.user_id, a.device_id) as person_id
    from activities as a
    left join stretches as s
        on a.user_id is null and a.device_id = s.device_id and occurred_at >= valid_from and occurred_at < valid_to
),
marked as (
    select *, coalesce(occurred_at >= lag(occurred_at) over w + interval 30 minutes, true) as is_first
    from persons window w as (partition by person_id order by occurred_at, source, event_id)
),
numbered as (
    select *, sum(is_first::int) over w as session_number
    from marked window w as (partition by person_id order by occurred_at, source, event_id rows unbounded preceding)
),
sessions as (
    select person_id, concat(
            utc_day(min(occurred_at)), '-',
            md5(concat(person_id, '|', max(concat(source, '|', event_id)) filter (is_first)))
        ) as session_id,
        max(known_user_id) as user_id, min(occurred_at) as started_at, max(occurred_at) as ended_at,
        count(*) as event_count,
        count(*) filter (is_counted and event_name = 'prompt.viewed') as view_count,
        count(*) filter (is_counted and event_name = 'prompt.clicked') as click_count,
        count(*) filter (is_counted and event_name = 'search.performed') as search_count,
        count(*) filter (is_counted and event_name = 'order.paid') as order_count,
        bool_or(is_counted) as is_counted,
        first(surface order by occurred_at, source, event_id) filter (surface is not null) as landing_surface
    from numbered group by person_id, session_number
)
select session_id, person_id, s.user_id, u.organization_id, started_at, ended_at,
    utc_day(started_at) as started_date, event_count, view_count, click_count, search_count, order_count,
    landing_surface, is_counted
from sessions as s left join '{tables}/raw_app.users.parquet' as u using (user_id);

create table marts.agg_prompts_performance_daily as
with measures as (
    select i.prompt_id, served_date as performance_date, p.currency, count(*) as impression_count,
        count(*) filter (is_clicked) as click_count, count(*) filter (is_purchased) as purchased,
        0 as view_count, 0 as unique_viewer_count, 0 as checkout_count, 0 as order_count, 0 as refund_count,
        0::decimal(18, 2) as gross, 0::decimal(18, 2) as refunded
    from marts.fct_impressions as i inner join marts.dim_prompts as p using (prompt_id)
    where is_counted group by all
    union all by name
    select prompt_id, viewed_date as performance_date, currency, count(*) as view_count,
        count(distinct person_id) as unique_viewer_count
    from views inner join marts.dim_prompts using (prompt_id) group by all
    union all by name
    select coalesce(e.prompt_id, o.prompt_id) as prompt_id, utc_day(occurred_at) as performance_date, p.currency,
        count(*) as checkout_count
    from events as e left join orders as o on e.properties ->> '$.order_id' = o.order_id
    inner join marts.dim_prompts as p on coalesce(e.prompt_id, o.prompt_id) = p.prompt_id
    where event_name = 'checkout.started' and is_counted group by all
    union all by name
    select prompt_id, paid_date as performance_date, currency, count(*) as order_count, sum(gross_amount) as gross
    from marts.fct_orders group by all
    union all by name
    select prompt_id, order_paid_date as performance_date, currency, count(*) as refund_count,
        sum(refunded_amount) as refunded
    from marts.fct_refunds group by all
),
summed as (
    select prompt_id, performance_date, currency,
        coalesce(sum(impression_count), 0)::bigint as impression_count,
        coalesce(sum(click_count), 0)::bigint as click_count, coalesce(sum(view_count), 0)::bigint as view_count,
        coalesce(sum(unique_viewer_count), 0)::bigint as unique_viewer_count,
        coalesce(sum(checkout_count), 0)::bigint as checkout_count,
        coalesce(sum(order_count), 0)::bigint as order_count, coalesce(sum(refund_count), 0)::bigint as refund_count,
        coalesce(sum(gross), 0)::decimal(18, 2) as gross_revenue_amount,
        coalesce(sum(refunded), 0)::decimal(18, 2) as refunded_amount, coalesce(sum(purchased), 0) as purchased
    from measures group by all
)
select * exclude (purchased),
    cast(gross_revenue_amount - refunded_amount as decimal(18, 2)) as net_revenue_amount,
    rate(click_count, impression_count) as click_through_rate, rate(purchased, click_count) as conversion_rate
from summed;

create temporary table day_wholes as
select p.*, d.seller_organization_id, coalesce(d.category, '') as category
from marts.agg_prompts_performance_daily as p inner join marts.dim_prompts as d using (prompt_id);
{wholes}
create table marts.dim_dates as
with bounds as (
    select min(day) as first_day, max(day) as last_day from (
        select performance_date as day from marts.agg_prompts_performance_daily
        union all select refunded_date from marts.fct_refunds
        union all select started_date from marts.fct_sessions
        union all select searched_date from marts.fct_searches
    )
)
select day::date as date_day, year(day)::integer as year_number, quarter(day)::integer as quarter_number,
    month(day)::integer as month_number, day(day)::integer as day_of_month,
    weekofyear(day)::integer as iso_week_number, isodow(day)::integer as iso_day_of_week, isodow(day) >= 6 as is_weekend,
    date_trunc('month', day)::date as month_start_date, date_trunc('week', day)::date as week_start_date
from (select unnest(generate_series(first_day, last_day, interval 1 day)) as day from bounds);
