"""The one transaction that makes a build visible."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.databases import connect
from warehouse.publication.applying import Applied, apply_build
from warehouse.publication.days import keep_changed_days
from warehouse.publication.errors import PublicationRefused
from warehouse.publication.ranks import BUILD_TABLES, forget_old_ranks, publish_ranks
from warehouse.publication.restating import collect_restatements, keep_restatements
from warehouse.publication.table import BUILD_SCHEMA, PUBLISHED_SCHEMA, read_tables
from warehouse.publication.tested import keep_tested
from warehouse.tenancy.mart_protection import protect_marts

PUBLICATION_LOCK = 0x70_75_62_6C
# The planner knows nothing about rows until it is told; worth it when this share of a mart changed.
ANALYZED_SHARE = 0.1

PUBLISHED_SCHEMA_TABLES = """
create schema if not exists marts;
create table if not exists marts.publications (
    publication_id text primary key,
    -- Ranks know what had happened before it. A run for a past time sets it back.
    as_of timestamptz not null,
    -- All other figures hold what was loaded by then. Null in publications of earlier versions.
    data_as_of timestamptz,
    status text not null check (status in ('current', 'superseded')),
    policy_version text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null
);
do $$
begin
    -- Asked first: to alter a table waits for everybody who reads it, even when there is nothing to alter.
    if not exists (
        select from pg_attribute
        where attrelid = 'marts.publications'::regclass and attname = 'data_as_of' and not attisdropped
    ) then
        alter table marts.publications add column data_as_of timestamptz;
    end if;
end $$;
create unique index if not exists publications_current_idx on marts.publications (status) where status = 'current';
comment on table marts.publications is
'One row per publication: a version of all marts that became visible at once. The marts hold the current one.';
comment on column marts.publications.publication_id is 'The publication; its name begins with the moment it was made.';
comment on column marts.publications.as_of is 'Ranks know what had happened before this moment.';
comment on column marts.publications.data_as_of is 'All other figures hold what was loaded by this moment.';
comment on column marts.publications.status is 'current: what readers see. superseded: what they saw before.';
comment on column marts.publications.policy_version is 'The ranking policy: name, version and hash.';
comment on column marts.publications.started_at is 'When the run began that made it.';
comment on column marts.publications.finished_at is 'When readers began to see it.';
create table if not exists control.published_marts (
    mart text primary key,
    built_through timestamptz not null,
    -- Null where it was published by an earlier version.
    row_count bigint
);
do $$
begin
    if not exists (
        select from pg_attribute
        where attrelid = 'control.published_marts'::regclass and attname = 'row_count' and not attisdropped
    ) then
        alter table control.published_marts add column row_count bigint;
    end if;
end $$;
-- The publication in which each mart changed last: whoever keeps a copy of it knows by this whether it still holds.
create table if not exists control.mart_changes (
    mart text primary key,
    publication_id text not null
);
"""


@dataclass(frozen=True)
class Publication:
    """A version of all marts that readers see from `finished_at` on."""

    publication_id: str
    as_of: datetime
    policy_version: str
    started_at: datetime
    finished_at: datetime
    marts: dict[str, Applied]
    restated_figures: int = 0


def publish_marts(
    warehouse_url: str,
    *,
    started_at: datetime | None = None,
    rank_history_days: int | None = None,
    counts_all_rows: bool = True,
) -> Publication:
    """Make the build the current publication: all of it or, on any error, nothing.

    `started_at` is when the run began that made the build, `rank_history_days` how long the ranks of a day that is over
    and restatements are kept (default: all of them, for ever). Takes time by the rows that changed; publishing the same
    build again changes no row of a mart and is a new publication all the same. Marts are compared with their builds by
    the number of rows: of all days, or, where not told to be `counts_all_rows`, of the days that changed where no run
    takes rows away. Raises `PublicationRefused` or `MartsBusy`.
    """
    started_at = started_at or datetime.now(UTC)
    with connect(warehouse_url) as connection, only_publisher(connection), connection.transaction():
        # The whole build is read at one moment, whoever writes to it meanwhile.
        connection.execute("set transaction isolation level repeatable read")
        publication = _publish(connection, started_at, rank_history_days, counts_all_rows=counts_all_rows)
    _analyze(warehouse_url, publication)
    return publication


@contextmanager
def only_publisher(connection: psycopg.Connection[DictRow]) -> Iterator[None]:
    """Hold the publisher's lock. Taken before the transaction's snapshot, which must see what it waited for."""
    connection.autocommit = True
    connection.execute("select pg_advisory_lock(%s)", [PUBLICATION_LOCK])
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", [PUBLICATION_LOCK])


def _publish(
    connection: psycopg.Connection[DictRow],
    started_at: datetime,
    rank_history_days: int | None,
    *,
    counts_all_rows: bool,
) -> Publication:
    connection.execute(BUILD_TABLES)
    connection.execute(PUBLISHED_SCHEMA_TABLES)
    builds = [table for table in read_tables(connection, BUILD_SCHEMA) if table.name != "rank_prompts"]
    if not builds:
        raise PublicationRefused("There are no marts to publish; run the whole pipeline, which builds them first")
    published = {table.name: table for table in read_tables(connection, PUBLISHED_SCHEMA)}
    previous_id = collect_restatements(connection, {build.name: build for build in builds}, published)
    marts = {
        build.name: apply_build(connection, build, published.get(build.name), counts_all_rows=counts_all_rows)
        for build in builds
    }
    publication_id = new_publication_id(datetime.now(UTC))
    _remember_changes(connection, publication_id, marts)
    as_of, policy_version = publish_ranks(connection, publication_id)
    connection.execute("update marts.publications set status = 'superseded' where status = 'current'")
    row = connection.execute(
        """
        insert into marts.publications (
            publication_id, as_of, data_as_of, status, policy_version, started_at, finished_at
        )
        values (%s, %s, %s, 'current', %s, %s, clock_timestamp())
        returning finished_at
        """,
        [publication_id, as_of, _loaded_at(connection) or as_of, policy_version, started_at],
    ).fetchone()
    assert row is not None
    restated = keep_restatements(connection, previous_id, publication_id, history_days=rank_history_days)
    _remember_changes(connection, publication_id, restated)
    keep_tested(connection, run_started_at=started_at)
    if rank_history_days is not None:
        forget_old_ranks(connection, history_days=rank_history_days)
    # Last: readers wait for the end of a transaction that changes a policy.
    protect_marts(connection)
    return Publication(
        publication_id, as_of, policy_version, started_at, row["finished_at"], marts,
        sum(kept.written_rows for kept in restated.values()),
    )  # fmt: skip


def _loaded_at(connection: psycopg.Connection[DictRow]) -> datetime | None:
    """The time of the last load, whose rows the build was made from; None of a build that no load preceded."""
    found = connection.execute("select to_regclass('control.load_watermarks') is not null as is_there").fetchone()
    if not (found and found["is_there"]):
        return None
    row = connection.execute("select max(loaded_at) as loaded_at from control.load_watermarks").fetchone()
    return row["loaded_at"] if row else None


def _remember_changes(
    connection: psycopg.Connection[DictRow], publication_id: str, marts: Mapping[str, Applied]
) -> None:
    connection.execute(
        """
        insert into control.mart_changes as known (mart, publication_id)
        select unnest(%(marts)s::text[]), %(publication)s
        on conflict (mart) do update set publication_id = excluded.publication_id
        where known.mart = any(%(changed)s)
        """,
        {
            "marts": list(marts),
            "changed": [name for name, mart in marts.items() if mart.is_changed],
            "publication": publication_id,
        },
    )
    for name, mart in marts.items():
        keep_changed_days(connection, publication_id, name, None if mart.is_new else mart.changed_days)


def new_publication_id(now: datetime) -> str:
    """An id that sorts by time and is a good name for a file, as in `20261123T053801123456Z-5f0c2a9e`."""
    return f"{now:%Y%m%dT%H%M%S%fZ}-{uuid4().hex[:8]}"


def _analyze(warehouse_url: str, publication: Publication) -> None:
    changed = [
        name
        for name, mart in publication.marts.items()
        if mart.written_rows + mart.removed_rows > ANALYZED_SHARE * mart.total_rows
    ]
    with connect(warehouse_url, autocommit=True) as connection:
        for name in [*changed, "rank_prompts"]:
            connection.execute(sql.SQL("analyze {}").format(sql.Identifier(PUBLISHED_SCHEMA, name)))
