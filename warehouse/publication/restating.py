"""Keeps what was published for a day that was over and is published otherwise now: before, after, when and why.

A day is over for a publication when the load it was made from came after the day's end, in UTC. What changes until then
is the day going on, and no restatement.
"""

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.publication.applying import Applied
from warehouse.publication.differing import RestatedMart, Tables, compare_days, figures_of
from warehouse.publication.restating_wholes import WHOLE_RESTATEMENTS, WHOLE_TABLES, collect_wholes, keep_wholes

Connection = psycopg.Connection[DictRow]

RESTATEMENTS = "fct_restatements"
# Tells of a row whose it is and why it changed.
CONSULTED = ("dim_prompts", "fct_impressions")
# The rates are left out: they follow from counts, and mature for as long as a purchase may be owed to a click.
MEASURES = (
    "impression_count", "click_count", "view_count", "unique_viewer_count", "checkout_count", "order_count",
    "refund_count", "gross_revenue_amount", "refunded_amount", "net_revenue_amount",
)  # fmt: skip
# The finest mart of performance: sums of sellers, categories and the marketplace are restated with its rows.
RESTATED = RestatedMart("agg_prompts_performance_daily", ("prompt_id", "performance_date", "currency"), MEASURES)

TABLES = """
create table if not exists marts.fct_restatements (
    publication_id text not null,
    prompt_id text not null,
    performance_date date not null,
    currency text not null,
    measure text not null,
    seller_organization_id text not null,
    value_before numeric(18, 2) not null,
    value_after numeric(18, 2) not null,
    reason text not null check (
        reason in ('refund', 'late_order', 'late_event', 'later_click', 'identification', 'erasure', 'correction')
    ),
    previous_publication_id text not null,
    published_at timestamptz not null,
    primary key (prompt_id, performance_date, currency, measure, publication_id),
    check (value_before <> value_after)
);
create index if not exists fct_restatements_publication_id_idx on marts.fct_restatements (publication_id);
create index if not exists fct_restatements_seller_idx
on marts.fct_restatements (seller_organization_id, performance_date);
comment on table marts.fct_restatements is
'One row per publication, prompt, UTC day, currency and measure of agg_prompts_performance_daily that a publication '
'changed after the day was over and published. What was published at first and all changes add up to what is now.';
comment on column marts.fct_restatements.publication_id is 'The publication that changed the figure.';
comment on column marts.fct_restatements.prompt_id is 'The prompt the figure is of.';
comment on column marts.fct_restatements.performance_date is 'The UTC day the figure is of.';
comment on column marts.fct_restatements.currency is 'The currency of the row; counts have one too.';
comment on column marts.fct_restatements.measure is 'The column of agg_prompts_performance_daily.';
comment on column marts.fct_restatements.seller_organization_id is 'The company that sells the prompt.';
comment on column marts.fct_restatements.value_before is
'What was published until then; 0 where the day had no row. Amounts are in the currency''s main unit.';
comment on column marts.fct_restatements.value_after is 'What has been published since; 0 where the row went.';
comment on column marts.fct_restatements.reason is
'refund: money went back for an order of the day. late_order, late_event: a sale or an event of the day arrived after '
'it had been published. later_click: somebody clicked afterwards on a list served that day. identification: it became '
'known who a visitor was. erasure: a person was erased. correction: anything else, such as a refund that failed or a '
'prompt''s new currency.';
comment on column marts.fct_restatements.previous_publication_id is 'The publication that showed value_before last.';
comment on column marts.fct_restatements.published_at is 'When the change became visible.';
"""
ERASED_DAYS = """
-- Days of which an erasure blanked events, until a publication has said so.
create table if not exists control.erased_days (
    prompt_id text not null,
    performance_date date not null,
    primary key (prompt_id, performance_date)
);
"""

COLLECT = """
create temporary table restated_figures on commit drop as
with differences as ({differences})
select differences.prompt_id, differences.performance_date, differences.currency,
    prompts.seller_organization_id, figures.measure, figures.value_before, figures.value_after,
    case
        when figures.measure in ('refund_count', 'refunded_amount')
            then case when figures.value_after > figures.value_before then 'refund' else 'correction' end
        when figures.measure in ('order_count', 'gross_revenue_amount')
            then case when figures.value_after > figures.value_before then 'late_order' else 'correction' end
        when figures.measure = 'net_revenue_amount'
            then
                case
                    when gross_revenue_amount_after > gross_revenue_amount_before then 'late_order'
                    when gross_revenue_amount_after < gross_revenue_amount_before then 'correction'
                    when refunded_amount_after > refunded_amount_before then 'refund'
                    else 'correction'
                end
        when listed.currency <> prompts.currency then 'correction'
        when erased.prompt_id is not null then 'erasure'
        when figures.measure = 'unique_viewer_count' and view_count_after = view_count_before then 'identification'
        when figures.value_after < figures.value_before then 'correction'
        when
            figures.measure = 'click_count'
            and exists (
                select from marts_build.fct_impressions as impressions
                where impressions.prompt_id = differences.prompt_id
                    and impressions.served_date = differences.performance_date
                    and impressions.is_counted and impressions.clicked_at >= %(known_until)s
            )
            then 'later_click'
        else 'late_event'
    end as reason
from differences
cross join lateral (values {figures}) as figures (measure, value_before, value_after)
inner join marts_build.dim_prompts as prompts on differences.prompt_id = prompts.prompt_id
left join marts.dim_prompts as listed on differences.prompt_id = listed.prompt_id
left join control.erased_days as erased
    on differences.prompt_id = erased.prompt_id and differences.performance_date = erased.performance_date
where figures.value_before <> figures.value_after
"""
KEEP = """
insert into marts.fct_restatements (
    publication_id, prompt_id, performance_date, currency, measure, seller_organization_id, value_before, value_after,
    reason, previous_publication_id, published_at
)
select %(publication)s, prompt_id, performance_date, currency, measure, seller_organization_id, value_before,
    value_after, reason, %(previous)s, (
        select finished_at from marts.publications where publication_id = %(publication)s
    )
from restated_figures
"""
FORGET_OLD = """
delete from marts.{}
where (published_at at time zone 'UTC')::date < (now() at time zone 'UTC')::date - %(days)s::int
"""


def collect_restatements(connection: Connection, builds: Tables, published: Tables) -> str | None:
    """Note what a build is about to change of days that were published as over, before it is applied.

    In the caller's transaction, in which `keep_restatements` writes it down. The publication the figures stood in until
    now; None when there is nothing to compare.
    """
    connection.execute(TABLES)
    connection.execute(WHOLE_TABLES)
    connection.execute(ERASED_DAYS)
    is_comparable = {*CONSULTED} <= builds.keys() & published.keys() and RESTATED.is_comparable(builds, published)
    previous = connection.execute(
        "select publication_id, coalesce(data_as_of, finished_at) as known_until,"
        " (coalesce(data_as_of, finished_at) at time zone 'UTC')::date as first_open_date"
        " from marts.publications where status = 'current'"
    ).fetchone()
    if previous is None or not is_comparable:
        return None
    differences, parameters = compare_days(connection, RESTATED, builds, published, previous)
    figures = figures_of(MEASURES, "numeric(18, 2)")
    connection.execute(sql.SQL(COLLECT).format(differences=differences, figures=figures), parameters)
    collect_wholes(connection, builds, published, previous)
    return str(previous["publication_id"])


def keep_restatements(
    connection: Connection, previous_publication_id: str | None, publication_id: str, *, history_days: int | None
) -> dict[str, Applied]:
    """Write down what was noted, as changed by a publication, in the caller's transaction; what that did to each table.

    Those published on days longer than `history_days` ago go.
    """
    written = dict.fromkeys((RESTATEMENTS, WHOLE_RESTATEMENTS), 0)
    if previous_publication_id is not None:
        parameters = {"publication": publication_id, "previous": previous_publication_id}
        written[WHOLE_RESTATEMENTS] = keep_wholes(connection, parameters)
        written[RESTATEMENTS] = connection.execute(KEEP, parameters).rowcount
        connection.execute("drop table restated_figures")
    connection.execute("delete from control.erased_days")
    return {table: _applied(connection, table, count, history_days) for table, count in written.items()}


def _applied(connection: Connection, table: str, written: int, history_days: int | None) -> Applied:
    if history_days is None:
        return Applied(written, 0, written)
    forget = sql.SQL(FORGET_OLD).format(sql.Identifier(table))
    return Applied(written, connection.execute(forget, {"days": history_days}).rowcount, written)
