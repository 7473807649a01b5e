"""The contracts of the raw tables: what the load copies out of the application database, column by column.

Ids are text in the warehouse, so that every engine compares them alike. Nobody's e-mail, password, prompt text or
secret is copied.
"""

from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

LOADED_AT = "_loaded_at"


@dataclass(frozen=True)
class RawColumn:
    """A column: its name and type in the warehouse, and the expression over the source table."""

    name: str
    type: str
    source: str

    @property
    def is_json(self) -> bool:
        """JSON travels as text and is parsed on arrival."""
        return self.type == "jsonb"


@dataclass(frozen=True)
class RawTable:
    """One table of the warehouse's raw layer and where its rows come from."""

    schema: str
    name: str
    source_table: str
    key: tuple[str, ...]
    columns: tuple[RawColumn, ...]
    # Besides the key and the load: columns that rows are looked for by.
    indexed: tuple[str, ...] = ()
    # The source has a partition for each day, and `event_batches` tells on which days a batch lies.
    is_by_day: bool = False

    @property
    def full_name(self) -> str:
        """Name with schema, as people write it."""
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        """Name with schema, quoted for SQL."""
        return sql.Identifier(self.schema, self.name)


def _columns(*definitions: str) -> tuple[RawColumn, ...]:
    """Each definition is `name type` or `name type = source expression`; uuids become text by themselves."""
    columns = []
    for definition in definitions:
        left, _, expression = definition.partition(" = ")
        name, type_ = left.split()
        source = expression or (f"{name}::text" if type_ == "jsonb" else name)
        columns.append(RawColumn(name, type_, source))
    return tuple(columns)


RAW_TABLES: tuple[RawTable, ...] = (
    RawTable(
        "raw_app", "organizations", "organizations", ("organization_id",),
        _columns(
            "organization_id text = id::text", "name text", "external_id text", "is_imported boolean",
            "created_at timestamptz", "updated_at timestamptz",
        ),
    ),
    RawTable(
        "raw_app", "organization_states", "organization_states", ("organization_id", "number"),
        _columns(
            "organization_id text = organization_id::text", "number bigint", "name text", "valid_from timestamptz",
        ),
    ),
    RawTable(
        "raw_app", "users", "users", ("user_id",),
        _columns(
            "user_id text = id::text", "organization_id text = organization_id::text", "role text", "external_id text",
            "is_active boolean", "created_at timestamptz", "updated_at timestamptz",
        ),
    ),
    RawTable(
        "raw_app", "prompts", "prompts", ("prompt_id",),
        _columns(
            "prompt_id text = id::text", "seller_organization_id text = seller_organization_id::text",
            "external_id text", "title text", "category text", "price_cents bigint", "currency text", "model text",
            "status text", "current_version bigint", "published_at timestamptz", "created_at timestamptz",
            "updated_at timestamptz",
        ),
    ),
    RawTable(
        "raw_app", "prompt_states", "prompt_states", ("prompt_id", "number"),
        _columns(
            "prompt_id text = prompt_id::text", "number bigint", "title text", "category text", "price_cents bigint",
            "currency text", "status text", "current_version bigint", "valid_from timestamptz",
        ),
    ),
    RawTable(
        "raw_app", "decisions", "decisions", ("decision_id",),
        _columns(
            "decision_id text = id::text", "kind text", "organization_id text = organization_id::text",
            "prompt_id text = prompt_id::text", "reason text", "status text", "decided_at timestamptz",
            "ends_at timestamptz", "ended_at timestamptz", "created_at timestamptz", "updated_at timestamptz",
        ),
    ),
    RawTable(
        "raw_app", "reviews", "reviews", ("review_id",),
        _columns(
            "review_id text = id::text", "prompt_id text = prompt_id::text",
            "organization_id text = organization_id::text", "user_id text = user_id::text", "rating bigint",
            "text_length bigint = length(text)::bigint", "hidden_at timestamptz", "created_at timestamptz",
            "updated_at timestamptz",
        ),
    ),
    RawTable(
        "raw_app", "prompt_versions", "prompt_versions", ("prompt_version_id",),
        _columns(
            "prompt_version_id text = id::text", "prompt_id text = prompt_id::text", "version bigint",
            "template_length bigint = length(template)::bigint", "created_at timestamptz",
        ),
    ),
    RawTable(
        "raw_app", "orders", "orders", ("order_id",),
        _columns(
            "order_id text = id::text", "external_id text", "prompt_id text = prompt_id::text", "prompt_version bigint",
            "buyer_organization_id text = buyer_organization_id::text", "buyer_user_id text = buyer_user_id::text",
            "seller_organization_id text = seller_organization_id::text", "amount_cents bigint", "currency text",
            "fee_cents bigint", "status text", "provider text", "stripe_payment_intent_id text", "receipt_id text",
            "paid_at timestamptz", "created_at timestamptz", "updated_at timestamptz",
        ),
    ),
    RawTable(
        "raw_app", "refunds", "refunds", ("refund_id",),
        _columns(
            "refund_id text = id::text", "order_id text = order_id::text", "amount_cents bigint", "currency text",
            "status text", "reason text", "stripe_refund_id text", "refunded_at timestamptz", "created_at timestamptz",
            "updated_at timestamptz",
        ),
    ),
    RawTable(
        # The ids alone tell events apart: each is stored once for ever. The time stands before them because ids are
        # random: by them, every event of a day would go into another page of the index of all years.
        "raw_events", "events", "raw_events", ("received_at", "source", "event_id"),
        _columns(
            "source text", "event_id text", "event_name text", "schema_version bigint", "occurred_at timestamptz",
            "received_at timestamptz", "organization_id text = organization_id::text", "user_id text = user_id::text",
            "anonymous_id text", "session_id text", "request_id text", "prompt_id text = prompt_id::text",
            "properties jsonb", "batch_id bigint", "sample_rate float8", "clock_offset_ms bigint",
            "agent text", "is_own boolean", "is_staff boolean",
        ),
        # Those of a few batches are counted after each load.
        indexed=("batch_id",),
        is_by_day=True,
    ),
    # Named after the events, so read before them: of every batch that is read, the events are there to be read.
    RawTable(
        "raw_events", "event_batches", "event_batches", ("batch_id",),
        _columns(
            "batch_id bigint = id", "origin text", "received_count bigint", "stored_count bigint",
            "duplicate_count bigint", "quarantined_count bigint", "recorded_at timestamptz",
        ),
    ),
    RawTable(
        "raw_stripe", "webhook_messages", "webhook_inbox", ("message_id",),
        _columns(
            "message_id text = external_id", "event_type text", "payload jsonb", "received_at timestamptz",
        ),
    ),
    RawTable(
        "raw_stripe", "balance_transactions", "balance_transactions", ("balance_transaction_id",),
        _columns(
            "balance_transaction_id text = id", "type text", "reporting_category text", "amount_cents bigint",
            "fee_cents bigint", "net_cents bigint", "currency text", "exchange_rate float8", "source_id text",
            "source_object text", "source_amount_cents bigint", "source_currency text", "payment_intent_id text",
            "booked_at timestamptz", "available_at timestamptz",
        ),
    ),
)  # fmt: skip


def create_raw_tables(connection: psycopg.Connection[DictRow]) -> None:
    """Create the raw schemas and tables that are missing, in the caller's transaction."""
    for schema in sorted({table.schema for table in RAW_TABLES}):
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    for table in RAW_TABLES:
        connection.execute(_create_statement(table))
        _add_new_columns(connection, table)
        _change_key(connection, table)
        for column, name in {LOADED_AT: "loaded_at", **{column: column for column in table.indexed}}.items():
            connection.execute(
                sql.SQL("create index if not exists {} on {} ({})").format(
                    sql.Identifier(f"{table.name}_{name}_idx"), table.identifier, sql.Identifier(column)
                )
            )


def _add_new_columns(connection: psycopg.Connection[DictRow], table: RawTable) -> None:
    """Add the columns that a table of an earlier version lacks; they stay null in rows loaded before."""
    found = connection.execute(
        "select column_name from information_schema.columns where table_schema = %s and table_name = %s",
        [table.schema, table.name],
    )
    present = {row["column_name"] for row in found}
    for column in table.columns:
        if column.name not in present:
            connection.execute(
                sql.SQL("alter table {} add column {} {}").format(
                    table.identifier, sql.Identifier(column.name), sql.SQL(column.type)
                )
            )


def _change_key(connection: psycopg.Connection[DictRow], table: RawTable) -> None:
    """Give a table of an earlier version the key of this one. It takes as long as to index all rows, once."""
    found = connection.execute(
        """
        select conname as name, array_agg(attname::text order by place) as columns
        from pg_constraint, unnest(conkey) with ordinality as parts (number, place)
        inner join pg_attribute on attnum = number
        where conrelid = %s::regclass and contype = 'p' and attrelid = conrelid
        group by conname
        """,
        [table.full_name],
    ).fetchone()
    if found is not None and tuple(found["columns"]) != table.key:
        connection.execute(
            sql.SQL("alter table {} drop constraint {}, add primary key ({})").format(
                table.identifier,
                sql.Identifier(found["name"]),
                sql.SQL(", ").join(map(sql.Identifier, table.key)),
            )
        )


def _create_statement(table: RawTable) -> sql.Composed:
    lines = [sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(c.type)) for c in table.columns]
    lines.append(sql.SQL("{} timestamptz not null").format(sql.Identifier(LOADED_AT)))
    lines.append(sql.SQL("primary key ({})").format(sql.SQL(", ").join(map(sql.Identifier, table.key))))
    return sql.SQL("create table if not exists {} ({})").format(table.identifier, sql.SQL(", ").join(lines))
