"""Which rows of a mart its readers see. Analysts, who are the company's own, see all of every mart and nothing else."""

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

Connection = psycopg.Connection[DictRow]

# In the warehouse ids are text.
_ORGANIZATION = "(select (tenancy.scope())[2])"
_OF_SELLER = f"seller_organization_id = {_ORGANIZATION}"
_OF_BOTH_SIDES = f"{_OF_SELLER} or buyer_organization_id = {_ORGANIZATION}"
# Asked by a function, so that a mart of another shape can still take the place of dim_prompts.
_OF_SELLERS_PROMPT = "prompt_id in (select tenancy.own_prompts())"

# By whom the rows of a mart may be read: conditions over its columns, beside operators, who read all of them.
MART_READERS: dict[str, str] = {
    "dim_organizations": f"organization_id = {_ORGANIZATION}",
    "dim_organizations_history": f"organization_id = {_ORGANIZATION}",
    "dim_prompts_history": _OF_SELLERS_PROMPT,
    "dim_prompts": f"status = 'published' or {_OF_SELLER}",
    "dim_prompt_versions": _OF_SELLERS_PROMPT,
    "fct_impressions": _OF_SELLER,
    # What a person did, one step after the other, is no other company's business.
    "fct_sessions": "false",
    "fct_searches": "false",
    "fct_prompt_runs": "false",
    "agg_search_terms_daily": "false",
    # Cohorts of few companies tell of each.
    "agg_buyer_cohorts_monthly": "false",
    "fct_reviews": _OF_SELLER,
    "fct_orders": _OF_BOTH_SIDES,
    "fct_refunds": _OF_BOTH_SIDES,
    "agg_prompts_performance_daily": _OF_SELLERS_PROMPT,
    "agg_sellers_performance_daily": _OF_SELLER,
    # Where a category or a currency has one seller, its figures are that seller's.
    "agg_categories_performance_daily": "false",
    "agg_marketplace_daily": "false",
    "fct_restatements": _OF_SELLER,
    "rank_exclusions": _OF_SELLERS_PROMPT,
}
# Marts everybody may read, with the reason.
PUBLIC_MARTS = {
    "dim_dates": "is a calendar",
    "publications": "says which run the figures are of",
    "rank_prompts": "rankings are public, and so is what they are made of",
    "rank_prompts_history": "the same of earlier publications",
}

CREATE_ROLES = """
create schema if not exists control;
create table if not exists control.database_roles (kind text primary key, name text not null);
"""


def remember_roles(connection: Connection, *, reader: str, analyst: str) -> None:
    """Keep the names for publications, which let both read the marts they make."""
    connection.execute(CREATE_ROLES)
    connection.execute(
        "insert into control.database_roles values ('reader', %s), ('analyst', %s)"
        " on conflict (kind) do update set name = excluded.name where database_roles.name <> excluded.name",
        [reader, analyst],
    )


def protect_marts(connection: Connection) -> None:
    """Let readers and analysts read every mart as far as each may, in the caller's transaction.

    Marts that are protected already are not touched. One nobody decided about is for analysts alone.
    """
    connection.execute(CREATE_ROLES)
    roles = {row["kind"]: row["name"] for row in connection.execute("select kind, name from control.database_roles")}
    if len(roles) < 2:
        # Nobody was let into this warehouse yet; whoever lets them in comes here again.
        return
    unprotected = connection.execute(
        """
        select tables.relname as name
        from pg_class as tables
        where tables.relnamespace = to_regnamespace('marts') and tables.relkind in ('r', 'p')
            and not (
                tables.relrowsecurity
                and has_table_privilege(%(analyst)s, tables.oid, 'select')
                and exists (
                    select from pg_policies
                    where schemaname = 'marts' and tablename = tables.relname and roles = array[%(analyst)s]::name []
                )
            )
        order by tables.relname
        """,
        roles,
    ).fetchall()
    for row in unprotected:
        _protect(connection, row["name"], **roles)


def _protect(connection: Connection, mart: str, *, reader: str, analyst: str) -> None:
    names = {
        "mart": sql.Identifier("marts", mart),
        "reader": sql.Identifier(reader),
        "analyst": sql.Identifier(analyst),
    }
    is_seen = "true" if mart in PUBLIC_MARTS else MART_READERS.get(mart)
    statements = [
        "grant usage on schema marts to {reader}, {analyst}",
        "alter table {mart} enable row level security",
        "drop policy if exists analysts on {mart}",
        "drop policy if exists readers on {mart}",
        "grant select on {mart} to {analyst}",
        "create policy analysts on {mart} for select to {analyst} using (true)",
    ]
    if is_seen is not None:
        statements += [
            "grant select on {mart} to {reader}",
            "create policy readers on {mart} for select to {reader}"
            f" using ({is_seen} or (select tenancy.is_staff()))",
        ]
    for statement in statements:
        connection.execute(sql.SQL(statement).format(**names))
