"""Who restored which publication: written with the restore, and carried into the audit log, which lies elsewhere."""

import json

import psycopg
from psycopg.rows import DictRow

from warehouse.databases import connect

Connection = psycopg.Connection[DictRow]

RESTORATIONS_TABLE = """
create table if not exists control.restorations (
    restoration_id bigint generated always as identity primary key,
    publication_id text not null,
    replaced_publication_id text not null,
    restored_by text not null,
    restored_at timestamptz not null default clock_timestamp(),
    -- The id its entry in the audit log has, and when that was written.
    entry_id uuid not null default gen_random_uuid(),
    noted_at timestamptz
);
do $$
begin
    if not exists (
        select from pg_attribute
        where attrelid = 'control.restorations'::regclass and attname = 'noted_at' and not attisdropped
    ) then
        -- Earlier versions noted each at once.
        alter table control.restorations
            add column entry_id uuid not null default gen_random_uuid(),
            add column noted_at timestamptz default clock_timestamp();
        alter table control.restorations alter column noted_at drop default;
    end if;
end $$;
"""
_NOTE = """
insert into audit_log (id, occurred_at, action, object_type, object_id, old_value, new_value)
values (%(entry_id)s, %(restored_at)s, 'publication.restored', 'publication', %(publication_id)s, %(old)s, %(new)s)
on conflict (id) do nothing
"""


def record_restoration(connection: Connection, publication_id: str, *, replaced: str, restored_by: str) -> None:
    """Write down who goes back to what, in the transaction that does it."""
    connection.execute(RESTORATIONS_TABLE)
    connection.execute(
        "insert into control.restorations (publication_id, replaced_publication_id, restored_by) values (%s, %s, %s)",
        [publication_id, replaced, restored_by],
    )


def note_restorations(database_url: str, warehouse_url: str) -> int:
    """Write the audit log's entries of all restorations that have none yet; how many those were.

    Whoever is killed on the way is followed by the next one, whose entries have the same ids and the same times.
    """
    with connect(warehouse_url) as warehouse:
        exists = warehouse.execute("select to_regclass('control.restorations') is not null as exists").fetchone()
        if not (exists and exists["exists"]):
            return 0
        warehouse.execute(RESTORATIONS_TABLE)
        waiting = warehouse.execute(
            "select * from control.restorations where noted_at is null order by restoration_id for update"
        ).fetchall()
        if not waiting:
            return 0
        with connect(database_url) as application:
            for row in waiting:
                old = json.dumps({"publication_id": row["replaced_publication_id"]})
                new = json.dumps({"restored_by": row["restored_by"]})
                application.execute(_NOTE, {**row, "old": old, "new": new})
        warehouse.execute(
            "update control.restorations set noted_at = clock_timestamp() where restoration_id = any(%s)",
            [[row["restoration_id"] for row in waiting]],
        )
    return len(waiting)
