create table marts.fct_prompt_runs as
select concat(utc_day(occurred_at), '-', md5(concat(source, '|', event_id))) as run_id, prompt_id,
    try_cast(properties ->> '$.version' as integer) as prompt_version, event_name = 'prompt.executed' as is_executed,
    properties ->> '$."gen_ai.request.model"' as model,
    try_cast(properties ->> '$."gen_ai.usage.input_tokens"' as integer) as input_token_count,
    try_cast(properties ->> '$."gen_ai.usage.output_tokens"' as integer) as output_token_count,
    organization_id, user_id, is_counted, occurred_at as ran_at, utc_day(occurred_at) as ran_date, source, event_id
from events where event_name in ('prompt.rendered', 'prompt.executed') and prompt_id is not null;

create table marts.fct_reviews as
select review_id, prompt_id, seller_organization_id, organization_id, rating, text_length,
    hidden_at is not null as is_hidden, r.created_at as reviewed_at, utc_day(r.created_at) as reviewed_date,
    r.updated_at as changed_at
from '{tables}/raw_app.reviews.parquet' as r inner join marts.dim_prompts using (prompt_id);

create table marts.agg_search_terms_daily as
with counted as (
    select search_term(query) as search_term, searched_date, count(*) as search_count,
        count(*) filter (is_without_result) as zero_result_count, count(distinct person_id) as unique_searcher_count
    from marts.fct_searches where is_counted and search_term(query) is not null group by all
),
lists as (
    select distinct source, properties ->> '$.receipt_id' as receipt_id, utc_day(occurred_at) as served_date,
        search_term(properties ->> '$.query') as search_term
    from events where event_name = 'results.served' and search_term(properties ->> '$.query') is not null
),
clicks as (
    select search_term, served_date as searched_date, count(*) as click_count
    from lists inner join marts.fct_impressions using (source, receipt_id, served_date)
    where is_clicked and is_counted group by all
)
select search_term, searched_date, coalesce(search_count, 0) as search_count,
    coalesce(zero_result_count, 0) as zero_result_count, coalesce(unique_searcher_count, 0) as unique_searcher_count,
    coalesce(click_count, 0) as click_count, rate(c.zero_result_count, c.search_count) as zero_result_rate
from counted as c full join clicks using (search_term, searched_date);

create table marts.agg_buyer_cohorts_monthly as
with sent_back as (select order_id, sum(refunded_amount) as refunded from marts.fct_refunds group by all),
bought as (
    select buyer_organization_id as buyer, currency, gross_amount, coalesce(refunded, 0) as refunded,
        date_trunc('month', paid_date)::date as activity_month,
        min(activity_month) over (partition by buyer_organization_id) as cohort_month
    from marts.fct_orders left join sent_back using (order_id)
),
sizes as (select cohort_month, count(distinct buyer) as buyer_count from bought group by all),
retained as (
    select cohort_month, activity_month, count(distinct buyer) as retained_buyer_count from bought group by all
),
summed as (
    select cohort_month, activity_month, currency, count(distinct buyer) as active_buyer_count,
        count(*) as order_count, sum(gross_amount)::decimal(18, 2) as gross_revenue_amount,
        sum(refunded)::decimal(18, 2) as refunded_amount,
        (sum(gross_amount) - sum(refunded))::decimal(18, 2) as net_revenue_amount
    from bought group by all
)
select *, datediff('month', cohort_month, activity_month)::integer as months_since_first_order,
    rate(retained_buyer_count, buyer_count) as retention_share
from summed inner join sizes using (cohort_month) inner join retained using (cohort_month, activity_month);
