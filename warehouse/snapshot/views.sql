-- Views of every snapshot, for the questions that are asked most. Each is made where all of its tables are there.
-- One statement each: a comment line that says what it shows, one for each column of which its mart does not say what it is
-- here, then the statement, then an empty line.

-- One row per prompt as it is now, with the name of the company that sells it.
-- seller_name: The name of the company that sells it.
create or replace view analysis.prompts as
select
    prompts.prompt_id, prompts.external_id, prompts.title, prompts.category, prompts.status, prompts.price_amount,
    prompts.currency, prompts.published_at, prompts.seller_organization_id, organizations.name as seller_name
from marts.dim_prompts as prompts
left join marts.dim_organizations as organizations
    on prompts.seller_organization_id = organizations.organization_id
where prompts.valid_to is null;

-- One row per surface, segment and rank of the current publication, with the title of the prompt.
create or replace view analysis.rankings as
select
    ranks.surface, ranks.segment, ranks.rank, ranks.score, ranks.prompt_id, prompts.title, prompts.category,
    ranks.policy_version, ranks.publication_id, ranks.as_of
from marts.rank_prompts as ranks
left join marts.dim_prompts as prompts on ranks.prompt_id = prompts.prompt_id and prompts.valid_to is null;

-- One row per calendar month and currency: the marketplace's sales. Amounts of different currencies are never added.
-- month_start_date: The first day of the month in UTC.
-- order_count: Orders paid that month.
-- refund_count: Succeeded refunds of orders paid that month, whenever they happened.
-- gross_revenue_amount: What the orders paid that month came to.
-- refunded_amount: What was given back for orders paid that month, whenever it was.
-- net_revenue_amount: gross_revenue_amount minus refunded_amount; fees are in fct_orders.
create or replace view analysis.sales_monthly as
select
    date_trunc('month', performance_date)::date as month_start_date, currency,
    sum(order_count)::bigint as order_count, sum(refund_count)::bigint as refund_count,
    sum(gross_revenue_amount) as gross_revenue_amount, sum(refunded_amount) as refunded_amount,
    sum(net_revenue_amount) as net_revenue_amount
from marts.agg_marketplace_daily
group by all;

-- One row per prompt and currency with the last 28 days that have figures, against the 28 days before.
-- impression_count: Items served in the last 28 days.
-- click_count: Of these, how many were clicked.
-- order_count: Orders paid in the last 28 days.
-- net_revenue_amount: What these orders came to, minus what was given back for them.
-- net_revenue_amount_before: The same of the orders paid in the 28 days before.
create or replace view analysis.prompts_performance_28d as
with last_day as (select max(performance_date) as day from marts.agg_prompts_performance_daily),

days as (
    select *, performance_date > last_day.day - 28 as is_recent
    from marts.agg_prompts_performance_daily cross join last_day
    where performance_date > last_day.day - 56
)

select
    days.prompt_id, prompts.title, days.currency,
    coalesce(sum(impression_count) filter (where is_recent), 0)::bigint as impression_count,
    coalesce(sum(click_count) filter (where is_recent), 0)::bigint as click_count,
    coalesce(sum(order_count) filter (where is_recent), 0)::bigint as order_count,
    coalesce(sum(net_revenue_amount) filter (where is_recent), 0) as net_revenue_amount,
    coalesce(sum(net_revenue_amount) filter (where not is_recent), 0) as net_revenue_amount_before
from days
left join marts.dim_prompts as prompts on days.prompt_id = prompts.prompt_id and prompts.valid_to is null
group by all;

-- One row: which publication this snapshot is of, and the moment its figures and its ranks are of.
create or replace view analysis.publication as
select publication_id, as_of, data_as_of, finished_at, policy_version
from marts.publications
where status = 'current';
