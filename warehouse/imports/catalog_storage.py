"""Prompts into the application database, a batch at a time.

A batch arrives in a temporary table; what must not be stored is taken out of it; the rest is written by set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse.imports.identity import imported_id
from warehouse.imports.importer import Connection, copy_rows, single
from warehouse.imports.party import ensure_organizations

if TYPE_CHECKING:
    from warehouse.imports.catalog import CatalogRow

# `import_prompts_seen` lives as long as the session: what one file has said about which prompt.
TEMPORARY_TABLES = """
drop table if exists pg_temp.import_prompts, pg_temp.import_prompts_seen cascade;
create temporary table import_prompts (
    id uuid not null, external_id text primary key, seller text not null, has_seller boolean not null,
    title text not null, template text not null, variables text[] not null, description text not null,
    category text, tags text[] not null, price_cents bigint not null, currency text not null, model text,
    created_at timestamptz, stated text[] not null, fingerprint bytea not null
);
create temporary table import_prompts_seen (external_id text primary key, fingerprint bytea not null);
"""
COLUMNS = (
    "id", "external_id", "seller", "has_seller", "title", "template", "variables", "description",
    "category", "tags", "price_cents", "currency", "model", "created_at", "stated", "fingerprint",
)  # fmt: skip

REPEATED = """
delete from import_prompts using import_prompts_seen as seen
where import_prompts.external_id = seen.external_id
returning import_prompts.external_id, import_prompts.fingerprint <> seen.fingerprint as is_conflict
"""
REMEMBER = """
insert into import_prompts_seen (external_id, fingerprint) select external_id, fingerprint from import_prompts
"""
FOREIGN = """
delete from import_prompts as arrived using prompts, organizations as seller
where arrived.external_id = prompts.external_id and prompts.seller_organization_id = seller.id
    and arrived.has_seller and seller.external_id is distinct from arrived.seller
returning arrived.external_id, seller.name as seller
"""
# A prompt as the file wants it, where that is not as it is. Where the file has no such column, what is known stays.
CHANGED_VIEW = """
create temporary view import_prompts_changed as
with wanted as (
    select
        prompts.id, arrived.external_id, arrived.title, arrived.template, arrived.variables,
        case when 'description' = any(stated) then arrived.description else prompts.description end as description,
        case when 'category' = any(stated) then arrived.category else prompts.category end as category,
        case when 'tags' = any(stated) then arrived.tags else prompts.tags end as tags,
        case when 'price_cents' = any(stated) then arrived.price_cents else prompts.price_cents end as price_cents,
        case when 'currency' = any(stated) then arrived.currency else prompts.currency end as currency,
        case when 'model' = any(stated) then arrived.model else prompts.model end as model,
        coalesce(arrived.created_at, prompts.created_at) as created_at,
        coalesce(arrived.created_at, prompts.published_at) as published_at,
        known.template is distinct from arrived.template as has_new_text
    from import_prompts as arrived
    inner join prompts on arrived.external_id = prompts.external_id
    left join prompt_versions as known on known.prompt_id = prompts.id and known.version = prompts.current_version
)
select wanted.*
from wanted inner join prompts using (id)
where wanted.has_new_text
    or (
        prompts.title, prompts.description, prompts.category, prompts.tags, prompts.price_cents, prompts.currency,
        prompts.model, prompts.created_at, prompts.published_at
    ) is distinct from (
        wanted.title, wanted.description, wanted.category, wanted.tags, wanted.price_cents, wanted.currency,
        wanted.model, wanted.created_at, wanted.published_at
    )
"""
CHANGED = """
delete from import_prompts using import_prompts_changed as changed
where import_prompts.external_id = changed.external_id
returning import_prompts.external_id
"""
UPDATE = """
with changed as (
    update prompts set
        title = wanted.title, description = wanted.description, category = wanted.category, tags = wanted.tags,
        price_cents = wanted.price_cents, currency = wanted.currency, model = wanted.model,
        created_at = wanted.created_at, published_at = wanted.published_at,
        current_version = case
            when wanted.has_new_text
                then (select coalesce(max(version), 0) + 1 from prompt_versions where prompt_id = prompts.id)
            else prompts.current_version
        end
    from import_prompts_changed as wanted
    where prompts.id = wanted.id
    returning prompts.id, prompts.current_version, wanted.template, wanted.variables, wanted.has_new_text
),
versions as (
    insert into prompt_versions (prompt_id, version, template, variables, change_note)
    select id, current_version, template, variables, 'imported' from changed where has_new_text
)
select count(*) as updated from changed
"""
NEW_SELLERS = """
select distinct seller from import_prompts as arrived
where not exists (select 1 from prompts where prompts.external_id = arrived.external_id)
"""
INSERT = """
with new as (
    insert into prompts (
        id, seller_organization_id, external_id, title, description, category, tags, price_cents, currency, model,
        status, published_at, created_at
    )
    select
        arrived.id, seller.id, arrived.external_id, title, description, category, tags, price_cents, currency, model,
        'published', coalesce(arrived.created_at, now()), coalesce(arrived.created_at, now())
    from import_prompts as arrived
    inner join organizations as seller on arrived.seller = seller.external_id
    where not exists (select 1 from prompts where prompts.external_id = arrived.external_id)
    returning id, created_at
),
versions as (
    insert into prompt_versions (prompt_id, version, template, variables, change_note, created_at)
    select new.id, 1, arrived.template, arrived.variables, 'imported', new.created_at
    from new inner join import_prompts as arrived using (id)
)
select count(*) as inserted from new
"""


@dataclass(frozen=True)
class Written:
    """Counts of prompts."""

    inserted: int
    updated: int
    unchanged: int


def prepare(connection: Connection) -> None:
    """Create the temporary tables of this session."""
    connection.execute(TEMPORARY_TABLES)
    connection.execute(CHANGED_VIEW)


def arrive(connection: Connection, rows: Sequence["CatalogRow"]) -> None:
    """Copy a batch into its temporary table."""
    copy_rows(
        connection,
        "import_prompts",
        COLUMNS,
        (
            (
                imported_id("prompt", row.external_id), row.external_id, row.seller_name, row.seller is not None,
                row.title, row.template, row.variables, row.description, row.category, row.tags,
                row.price_cents, row.currency, row.model, row.created_at, list(row.stated), row.fingerprint,
            )
            for row in rows
        ),
    )  # fmt: skip


def take_out_repeated(connection: Connection) -> tuple[list[str], int]:
    """Take out prompts the file has named before: those that now say something else, and the number of the others."""
    repeated = connection.execute(REPEATED).fetchall()
    connection.execute(REMEMBER)
    conflicts = [row["external_id"] for row in repeated if row["is_conflict"]]
    return conflicts, len(repeated) - len(conflicts)


def take_out_foreign(connection: Connection) -> list[tuple[str, str]]:
    """Take out prompts that are known to belong to another seller; each with that seller."""
    return [(row["external_id"], row["seller"]) for row in connection.execute(FOREIGN)]


def take_out_changed(connection: Connection) -> list[str]:
    """Take out prompts that are known with other values."""
    return [row["external_id"] for row in connection.execute(CHANGED)]


def write(connection: Connection) -> Written:
    """Write what is left of the batch."""
    left = single(connection, "select count(*) as rows from import_prompts")["rows"]
    ensure_organizations(connection, {row["seller"]: row["seller"] for row in connection.execute(NEW_SELLERS)})
    updated = single(connection, UPDATE)["updated"]
    inserted = single(connection, INSERT)["inserted"]
    return Written(inserted=inserted, updated=updated, unchanged=left - updated - inserted)
