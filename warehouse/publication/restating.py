"""Keeps what was published for a day that was over and is published otherwise now: before, after, when and why.

A day is over for a publication when the load it was made from came after the day's end, in UTC. What changes until then
is the day going on, and no restatement.
"""

from collections.abc import Mapping

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.publication.applying import Applied, built_through, is_alike
from warehouse.publication.table import BUILD_SCHEMA, BUILT_AT, PUBLISHED_SCHEMA, Table

Connection = psycopg.Connection[DictRow]

RESTATEMENTS = "fct_restatements"
# The finest mart of performance: the figures of sellers, categories and the marketplace are restated with its rows.
RESTATED = "agg_prompts_performance_daily"
# Tells of a row whose it is and why it changed.
CONSULTED = ("dim_prompts", "fct_impressions")
KEY = ("prompt_id", "performance_date", "currency")
# The rates are left out: they follow from counts, and mature for as long as a purchase may be owed to a click.
MEASURES = (
    "impression_count", "click_count", "view_count", "unique_viewer_count", "checkout_count", "order_count",
    "refund_count", "gross_revenue_amount", "refunded_amount", "net_revenue_amount",
)  # fmt: skip

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

# Rows built since the last publication, with what is published in their place.
CHANGED = """
select {key}, {pairs}
from {build} as build
left join {mart} as kept on {is_same}
where build.{built_at} > %(built_through)s and build.performance_date < %(first_open_date)s
"""
VANISHED = """
union all
select {kept_key}, {kept_pairs}
from {mart} as kept
where kept.performance_date < %(first_open_date)s and not exists (select from {build} as build where {is_same})
"""
COLLECT = """
create temporary table restated_figures on commit drop as
with differences as ({changed} {vanished})
select {key}, prompts.seller_organization_id, figures.measure, figures.value_before, figures.value_after,
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
delete from marts.fct_restatements
where (published_at at time zone 'UTC')::date < (now() at time zone 'UTC')::date - %(days)s::int
"""


def collect_restatements(
    connection: Connection, builds: Mapping[str, Table], published: Mapping[str, Table]
) -> str | None:
    """Note what a build is about to change of days that were published as over, before it is applied.

    In the caller's transaction, in which `keep_restatements` writes it down. The publication the figures stood in until
    now; None when there is nothing to compare.
    """
    connection.execute(TABLES)
    connection.execute(ERASED_DAYS)
    is_comparable = (
        {RESTATED, *CONSULTED} <= builds.keys() & published.keys()
        and set(MEASURES) <= set(published[RESTATED].column_names)
    )  # fmt: skip
    previous = connection.execute(
        "select publication_id, coalesce(data_as_of, finished_at) as known_until,"
        " (coalesce(data_as_of, finished_at) at time zone 'UTC')::date as first_open_date"
        " from marts.publications where status = 'current'"
    ).fetchone()
    if previous is None or not is_comparable:
        return None
    build, mart = builds[RESTATED], published[RESTATED]
    # A mart that gets another shape is written whole, so all of it is compared.
    since = built_through(connection, mart) if is_alike(mart, build) else "-infinity"
    parameters = previous | {"built_through": since}
    has_vanished = _has_vanished(connection, build, mart, parameters)
    connection.execute(_collect(build, mart, has_vanished=has_vanished), parameters)
    return str(previous["publication_id"])


def keep_restatements(
    connection: Connection, previous_publication_id: str | None, publication_id: str, *, history_days: int | None
) -> Applied:
    """Write down what was noted, as changed by a publication, in the caller's transaction.

    Those published on days longer than `history_days` ago go.
    """
    written = 0
    if previous_publication_id is not None:
        parameters = {"publication": publication_id, "previous": previous_publication_id}
        written = connection.execute(KEEP, parameters).rowcount
        connection.execute("drop table restated_figures")
    connection.execute("delete from control.erased_days")
    forgotten = connection.execute(FORGET_OLD, {"days": history_days}).rowcount if history_days is not None else 0
    return Applied(written, forgotten, written)


def _has_vanished(connection: Connection, build: Table, mart: Table, parameters: DictRow) -> bool:
    """Whether published rows are gone from the build. Counted first: to look for them reads all of both."""
    row = connection.execute(
        sql.SQL(
            "select (select count(*) from {mart}) + ("
            " select count(*) from {build} as build where build.{built_at} > %(built_through)s"
            " and not exists (select from {mart} as kept where {is_same})"
            ") > (select count(*) from {build}) as has_vanished"
        ).format(**_names(build, mart)),
        parameters,
    ).fetchone()
    return bool(row and row["has_vanished"])


def _collect(build: Table, mart: Table, *, has_vanished: bool) -> sql.Composed:
    names = _names(build, mart)
    return sql.SQL(COLLECT).format(
        key=_key("differences"),
        changed=sql.SQL(CHANGED).format(**names, key=_key("build"), pairs=_pairs("build.{0}")),
        vanished=sql.SQL(VANISHED).format(**names, kept_key=_key("kept"), kept_pairs=_pairs("0"))
        if has_vanished
        else sql.SQL(""),
        figures=sql.SQL(", ").join(
            sql.SQL("({}, {}::numeric(18, 2), {}::numeric(18, 2))").format(
                sql.Literal(name), sql.Identifier(f"{name}_before"), sql.Identifier(f"{name}_after")
            )
            for name in MEASURES
        ),
    )


def _names(build: Table, mart: Table) -> dict[str, sql.Composable]:
    return {
        "build": sql.Identifier(BUILD_SCHEMA, build.name),
        "mart": sql.Identifier(PUBLISHED_SCHEMA, mart.name),
        "built_at": sql.Identifier(BUILT_AT),
        "is_same": sql.SQL(" and ").join(sql.SQL("build.{0} = kept.{0}").format(sql.Identifier(name)) for name in KEY),
    }


def _key(table: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, name) for name in KEY)


def _pairs(after: str) -> sql.Composed:
    """Each measure before and after; `after` says what is now, with {0} for the name."""
    return sql.SQL(", ").join(
        sql.SQL("coalesce(kept.{0}, 0) as {1}, " + after + " as {2}").format(
            sql.Identifier(name), sql.Identifier(f"{name}_before"), sql.Identifier(f"{name}_after")
        )
        for name in MEASURES
    )
