"""Keeps what was published of a whole and does not follow from its prompts: how many people and companies a day had.

What adds up over prompts is restated with them. Terms that were searched for are left out: a text may name a person.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.publication.differing import RestatedMart, Tables, compare_days, figures_of

Connection = psycopg.Connection[DictRow]

WHOLE_RESTATEMENTS = "fct_whole_restatements"
# Which figure of a prompt tells why one of a whole changed.
CAUSES = {
    "unique_viewer_count": ("view_count", "unique_viewer_count"),
    "unique_buyer_count": ("order_count",),
    "active_seller_count": ("order_count",),
}
PERSONS, PARTIES = ("unique_viewer_count",), ("unique_buyer_count", "active_seller_count")
# By metrics' dimension: the mart, its key, which prompts are in the whole, and what is counted.
WHOLES: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = {
    "seller": ("agg_sellers_performance_daily", "seller_organization_id", "prompts.seller_organization_id", PERSONS),
    "category": (
        "agg_categories_performance_daily", "category", "coalesce(prompts.category, '')", (*PERSONS, *PARTIES),
    ),
    "marketplace": ("agg_marketplace_daily", "'all'", "'all'", (*PERSONS, *PARTIES)),
}  # fmt: skip

WHOLE_TABLES = """
create table if not exists marts.fct_whole_restatements (
    publication_id text not null,
    dimension text not null check (dimension in ('seller', 'category', 'marketplace')),
    dimension_value text not null,
    performance_date date not null,
    currency text not null,
    measure text not null,
    value_before bigint not null,
    value_after bigint not null,
    reason text not null check (reason in ('late_order', 'late_event', 'identification', 'erasure', 'correction')),
    previous_publication_id text not null,
    published_at timestamptz not null,
    primary key (dimension, dimension_value, performance_date, currency, measure, publication_id),
    check (value_before <> value_after)
);
create index if not exists fct_whole_restatements_publication_id_idx
on marts.fct_whole_restatements (publication_id);
comment on table marts.fct_whole_restatements is
'One row per publication, seller, category or the marketplace, UTC day, currency and count of people or companies that '
'a publication changed after the day was over and published. What adds up over prompts is in fct_restatements.';
comment on column marts.fct_whole_restatements.publication_id is 'The publication that changed the figure.';
comment on column marts.fct_whole_restatements.dimension is 'What the figure is of: seller, category or marketplace.';
comment on column marts.fct_whole_restatements.dimension_value is
'The seller''s organization, the category, or all for the marketplace.';
comment on column marts.fct_whole_restatements.performance_date is 'The UTC day the figure is of.';
comment on column marts.fct_whole_restatements.currency is 'The currency of the row; counts have one too.';
comment on column marts.fct_whole_restatements.measure is
'unique_viewer_count, unique_buyer_count or active_seller_count: the column of the mart of the whole.';
comment on column marts.fct_whole_restatements.value_before is
'What was published until then; 0 where the day had no row.';
comment on column marts.fct_whole_restatements.value_after is 'What has been published since; 0 where the row went.';
comment on column marts.fct_whole_restatements.reason is
'late_order, late_event: a sale or an event of the day arrived after it had been published. identification: it became '
'known who a visitor was. erasure: a person was erased. correction: anything else, such as a prompt that moved to '
'another category.';
comment on column marts.fct_whole_restatements.previous_publication_id is
'The publication that showed value_before last.';
comment on column marts.fct_whole_restatements.published_at is 'When the change became visible.';
"""
PREPARE = """
create temporary table restated_wholes (
    dimension text, dimension_value text, performance_date date, currency text, measure text, value_before bigint,
    value_after bigint, reason text
) on commit drop
"""
# Of the reasons of its prompts the first in this order: who was erased, what came, who became known.
REASONS = "array['erasure', 'late_event', 'late_order', 'identification', 'correction']"
COLLECT = """
insert into restated_wholes
with differences as ({differences}),
causes (whole_measure, measure) as (values {causes}),
-- Told once for each whole, in place of looking through all its prompts for each of its figures.
reasons as (
    select {prompts_whole} as whole, changed.performance_date, changed.currency, causes.whole_measure as measure,
        changed.value_after > changed.value_before as is_more, min(array_position({reasons}, changed.reason)) as place
    from restated_figures as changed
    inner join causes on changed.measure = causes.measure
    inner join marts_build.dim_prompts as prompts on changed.prompt_id = prompts.prompt_id
    group by 1, 2, 3, 4, 5
)
select {dimension}, {key}, differences.performance_date, differences.currency, figures.measure, figures.value_before,
    figures.value_after,
    coalesce(
        ({reasons})[reasons.place],
        case
            when figures.measure = 'unique_viewer_count' and view_count_before = view_count_after then 'identification'
            else 'correction'
        end
    )
from differences
cross join lateral (values {figures}) as figures (measure, value_before, value_after)
left join reasons
    on reasons.whole = {key} and reasons.performance_date = differences.performance_date
        and reasons.currency = differences.currency and reasons.measure = figures.measure
        and reasons.is_more = (figures.value_after > figures.value_before)
where figures.value_before <> figures.value_after
"""
KEEP = """
insert into marts.fct_whole_restatements (
    publication_id, dimension, dimension_value, performance_date, currency, measure, value_before, value_after, reason,
    previous_publication_id, published_at
)
select %(publication)s, dimension, dimension_value, performance_date, currency, measure, value_before, value_after,
    reason, %(previous)s, (select finished_at from marts.publications where publication_id = %(publication)s)
from restated_wholes
"""


def collect_wholes(connection: Connection, builds: Tables, published: Tables, previous: Mapping[str, Any]) -> None:
    """Note what a build is about to change of wholes; what it changes of their prompts is noted already."""
    connection.execute(PREPARE)
    for dimension, (mart, key, prompts_whole, measures) in WHOLES.items():
        columns = (key,) if key.isidentifier() else ()
        restated = RestatedMart(mart, (*columns, "performance_date", "currency"), ("view_count", *measures))
        if not restated.is_comparable(builds, published):
            continue
        differences, parameters = compare_days(connection, restated, builds, published, previous)
        causes = [(measure, cause) for measure in measures for cause in CAUSES[measure]]
        connection.execute(
            sql.SQL(COLLECT).format(
                differences=differences,
                dimension=sql.Literal(dimension),
                key=sql.SQL(f"differences.{key}" if columns else key),
                prompts_whole=sql.SQL(prompts_whole),
                reasons=sql.SQL(REASONS),
                causes=sql.SQL(", ").join(sql.SQL("({}, {})").format(*map(sql.Literal, pair)) for pair in causes),
                figures=figures_of(measures, "bigint"),
            ),
            parameters,
        )


def keep_wholes(connection: Connection, parameters: Mapping[str, str]) -> int:
    """Write down what was noted, as changed by a publication; how many figures."""
    written = connection.execute(KEEP, parameters).rowcount
    connection.execute("drop table restated_wholes")
    return written
