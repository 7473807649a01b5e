"""The ranking's own tables: written whole by each build, stamped with the publication when they become visible."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import DictRow

from warehouse.publication.errors import PublicationRefused

RANK_COLUMNS = ("surface", "segment", "rank", "prompt_id", "score", "contributions", "policy_version")

BUILD_TABLES = """
create schema if not exists marts_build;
create schema if not exists control;
create table if not exists marts_build.rank_prompts (
    surface text not null,
    segment text not null,
    rank bigint not null,
    prompt_id text not null,
    score double precision not null,
    contributions jsonb not null,
    policy_version text not null,
    primary key (surface, segment, rank),
    unique (surface, segment, prompt_id)
);
-- One row: what the ranks in the build were computed for, also when there was nothing to rank.
create table if not exists control.rankings (
    is_only boolean primary key default true check (is_only),
    as_of timestamptz not null,
    policy_version text not null,
    ranked_at timestamptz not null
);
-- What the ranking left out, and by which decision.
create table if not exists control.ranking_exclusions (
    prompt_id text primary key,
    reason text not null,
    decision_id text not null
);
"""

PUBLISHED_TABLES = """
create table if not exists marts.rank_prompts (
    surface text not null,
    segment text not null,
    rank bigint not null,
    prompt_id text not null,
    score double precision not null,
    contributions jsonb not null,
    policy_version text not null,
    publication_id text not null,
    as_of timestamptz not null,
    primary key (surface, segment, rank),
    unique (surface, segment, prompt_id)
);
create table if not exists marts.rank_exclusions (
    prompt_id text primary key,
    reason text not null,
    decision_id text not null,
    publication_id text not null,
    as_of timestamptz not null
);
comment on table marts.rank_exclusions is
'One row per prompt on the market that a hold keeps out of the rankings of the current publication, with the reason.';
create index if not exists rank_prompts_prompt_id_idx on marts.rank_prompts (prompt_id);
create table if not exists marts.rank_prompts_history (
    like marts.rank_prompts,
    primary key (publication_id, surface, segment, rank)
);
create index if not exists rank_prompts_history_prompt_id_idx on marts.rank_prompts_history (prompt_id, as_of);
comment on table marts.rank_prompts is
'One row per surface, segment and prompt: its rank (1 = best) in the current publication.';
comment on table marts.rank_prompts_history is
'One row per publication, surface, segment and prompt: what rank_prompts held in that publication.';
do $$
declare
    described record;
begin
    for described in
        select tables.name as table_name, texts.*
        from (values ('rank_prompts'), ('rank_prompts_history'), ('rank_exclusions')) as tables (name)
        cross join (
            values
            ('surface', 'The list: top, trending, new or category.'),
            ('segment', 'The part of it: a category, or all.'),
            ('rank', 'The place in the list; 1 is best.'),
            ('prompt_id', 'The prompt.'),
            ('score', 'What the place follows from; the sum of the contributions.'),
            ('contributions', 'What the score is made of: a list of components, each with its contribution.'),
            ('policy_version', 'The ranking policy: name, version and hash.'),
            ('publication_id', 'The publication these ranks are of.'),
            ('as_of', 'The ranks know what had happened before this moment.'),
            ('reason', 'Why a hold keeps the prompt out of the rankings.'),
            ('decision_id', 'The decision that put the hold on it.')
        ) as texts (column_name, text)
        inner join information_schema.columns as columns
            on columns.table_schema = 'marts' and columns.table_name = tables.name
                and columns.column_name = texts.column_name
        where col_description(format('marts.%I', tables.name)::regclass, columns.ordinal_position) is distinct from text
    loop
        execute format(
            'comment on column marts.%I.%I is %L', described.table_name, described.column_name, described.text
        );
    end loop;
end $$;
"""


def write_ranks(
    connection: psycopg.Connection[DictRow],
    ranks: Iterable[Mapping[str, Any]],
    *,
    as_of: datetime,
    policy_version: str,
    held: Iterable[Mapping[str, Any]] = (),
) -> int:
    """Replace the ranks of the build, in the caller's transaction; the number of rows.

    Each row has the columns of `RANK_COLUMNS` by name, `contributions` as a list of mappings. `held` are the prompts
    that were left out: `prompt_id`, `hold_reason` and `decision_id`.
    """
    connection.execute(BUILD_TABLES)
    connection.execute("delete from marts_build.rank_prompts")
    copy_statement = f"copy marts_build.rank_prompts ({', '.join(RANK_COLUMNS)}) from stdin"
    rows = 0
    with connection.cursor() as cursor, cursor.copy(copy_statement) as copy:
        for rank in ranks:
            copy.write_row([_value(rank, column) for column in RANK_COLUMNS])
            rows += 1
    _replace_exclusions(connection, held)
    connection.execute(
        """
        insert into control.rankings (as_of, policy_version, ranked_at)
        values (%(as_of)s, %(policy_version)s, clock_timestamp())
        on conflict (is_only) do update set
            as_of = excluded.as_of, policy_version = excluded.policy_version, ranked_at = excluded.ranked_at
        """,
        {"as_of": as_of, "policy_version": policy_version},
    )
    return rows


def _replace_exclusions(connection: psycopg.Connection[DictRow], held: Iterable[Mapping[str, Any]]) -> None:
    connection.execute("delete from control.ranking_exclusions")
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into control.ranking_exclusions (prompt_id, reason, decision_id) values (%s, %s, %s)",
            [(prompt["prompt_id"], prompt["hold_reason"], prompt["decision_id"]) for prompt in held],
        )


def _value(rank: Mapping[str, Any], column: str) -> object:
    return json.dumps(rank[column]) if column == "contributions" else rank[column]


def publish_ranks(connection: psycopg.Connection[DictRow], publication_id: str) -> tuple[datetime, str]:
    """Replace the published ranks and add them to the history, in the caller's transaction; their as-of and policy."""
    ranking = connection.execute(
        "select as_of, policy_version from control.rankings where to_regclass('marts_build.rank_prompts') is not null"
    ).fetchone()
    if ranking is None:
        raise PublicationRefused("There are no ranks to publish; run the whole pipeline, which computes them first")
    connection.execute(PUBLISHED_TABLES)
    connection.execute("delete from marts.rank_prompts")
    connection.execute(
        f"insert into marts.rank_prompts ({', '.join(RANK_COLUMNS)}, publication_id, as_of)"
        f" select {', '.join(RANK_COLUMNS)}, %s, %s from marts_build.rank_prompts",  # nosec B608
        [publication_id, ranking["as_of"]],
    )
    connection.execute("insert into marts.rank_prompts_history select * from marts.rank_prompts")
    connection.execute("delete from marts.rank_exclusions")
    connection.execute(
        "insert into marts.rank_exclusions select prompt_id, reason, decision_id, %s, %s"
        " from control.ranking_exclusions",
        [publication_id, ranking["as_of"]],
    )
    return ranking["as_of"], ranking["policy_version"]


# Within a day ranks move little. What stays of a day that is over is how it ended.
FORGET_OLD_RANKS = """
delete from marts.rank_prompts_history
where publication_id in (
    select publication_id
    from (
        select
            publication_id,
            (finished_at at time zone 'UTC')::date as published_date,
            row_number() over (
                partition by (finished_at at time zone 'UTC')::date order by finished_at desc, publication_id desc
            ) as number_from_last
        from marts.publications
    ) as publications
    where published_date < (now() at time zone 'UTC')::date - %(days)s::int
        or (published_date < (now() at time zone 'UTC')::date and number_from_last > 1)
)
"""


def forget_old_ranks(connection: psycopg.Connection[DictRow], *, history_days: int) -> int:
    """Delete the history of days longer ago and, of days that are over, all but the last; the number of rows."""
    return connection.execute(FORGET_OLD_RANKS, {"days": history_days}).rowcount
