"""Every mart there is, as the models and the publication say, with rows of two companies that sell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from psycopg import sql

from tests.integration.warehouse.tenancy.conftest import Connection
from warehouse.publication.publishing import PUBLISHED_SCHEMA_TABLES
from warehouse.publication.ranks import PUBLISHED_TABLES
from warehouse.publication.restating import TABLES as RESTATEMENT_TABLES
from warehouse.publication.restating_wholes import WHOLE_TABLES
from warehouse.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "transforms" / "models" / "marts"
# A third company buys what neither of the two sells to the other.
SELLERS = ACME, ZETA = "acme", "zeta"
OTHER = "other"
EVERYBODY = frozenset({ACME, ZETA, OTHER, "nobody"})
VALUES = {
    "text": "'text-' || %(number)s::text",
    "bigint": "%(number)s::bigint",
    "integer": "%(number)s::integer",
    "numeric(18,2)": "%(number)s::numeric",
    "double precision": "%(number)s::float8",
    "boolean": "true",
    "date": "date '2026-03-01' + %(number)s::integer",
    "timestamp with time zone": "timestamptz '2026-03-01 00:00:00Z' + %(number)s::integer * interval '1 day'",
    "jsonb": "'[]'::jsonb",
}


@dataclass(frozen=True)
class Row:
    """What is special about a row, and which companies may see it; operators and analysts see all."""

    readers: frozenset[str]
    columns: Mapping[str, str] = field(default_factory=dict)


def _of_seller(**columns: str) -> list[Row]:
    return [
        Row(
            frozenset({seller}),
            {"seller_organization_id": seller, "prompt_id": f"{seller}-draft", **columns},
        )
        for seller in SELLERS
    ]


def _of_prompt() -> list[Row]:
    return [
        Row(frozenset({seller}), {"prompt_id": f"{seller}-{kind}"}) for seller in SELLERS for kind in ("draft", "sold")
    ]


def _of_organization() -> list[Row]:
    return [Row(frozenset({seller}), {"organization_id": seller}) for seller in SELLERS]


def _of_sides() -> list[Row]:
    return [
        Row(frozenset({seller, buyer}), {"seller_organization_id": seller, "buyer_organization_id": buyer})
        for seller, buyer in ((ACME, OTHER), (ZETA, OTHER), (ZETA, ACME))
    ]


_UNSEEN = [Row(frozenset())]
_PUBLIC = [Row(EVERYBODY)]
# Written down once more, so that a slip in a policy is one that two have to make.
ROWS: dict[str, list[Row]] = {
    "dim_organizations": _of_organization(),
    "dim_organizations_history": _of_organization(),
    "dim_prompts": [
        Row(frozenset({seller}), {"prompt_id": f"{seller}-draft", "seller_organization_id": seller, "status": status})
        for seller, status in ((ACME, "draft"), (ZETA, "archived"))
    ]
    + [
        Row(EVERYBODY, {"prompt_id": f"{seller}-sold", "seller_organization_id": seller, "status": "published"})
        for seller in SELLERS
    ],
    "dim_prompts_history": _of_prompt(),
    "dim_prompt_versions": _of_prompt(),
    "dim_dates": _PUBLIC,
    "fct_impressions": _of_seller(organization_id=OTHER),
    "fct_sessions": _UNSEEN,
    "fct_searches": _UNSEEN,
    "fct_prompt_runs": _UNSEEN,
    "fct_reviews": _of_seller(organization_id=OTHER),
    "fct_orders": _of_sides(),
    "fct_refunds": _of_sides(),
    "fct_order_payments": [
        Row(frozenset({seller}), {"seller_organization_id": seller, "buyer_organization_id": buyer})
        for seller, buyer in ((ACME, OTHER), (ZETA, ACME))
    ],
    "fct_restatements": _of_seller(reason="refund", value_before="1", value_after="2"),
    "fct_whole_restatements": [
        Row(
            frozenset({seller} if dimension == "seller" else ()),
            {"dimension": dimension, "dimension_value": seller, "reason": "late_event", "value_before": "0"},
        )
        for seller in SELLERS
        for dimension in ("seller", "category")
    ],
    "agg_search_terms_daily": _UNSEEN,
    "agg_buyer_cohorts_monthly": _UNSEEN,
    "agg_prompts_performance_daily": _of_prompt(),
    "agg_sellers_performance_daily": [
        Row(frozenset({seller}), {"seller_organization_id": seller}) for seller in SELLERS
    ],
    "agg_categories_performance_daily": _UNSEEN,
    "agg_marketplace_daily": _UNSEEN,
    "publications": [Row(EVERYBODY, {"status": "current"})],
    "rank_prompts": _PUBLIC,
    "rank_prompts_history": _PUBLIC,
    "rank_exclusions": _of_prompt(),
}


def create_every_mart(connection: Connection) -> None:
    """All marts, empty, in place of those that are there."""
    connection.execute("drop schema if exists marts cascade")
    connection.execute("create schema if not exists control")
    for tables in (PUBLISHED_SCHEMA_TABLES, PUBLISHED_TABLES, RESTATEMENT_TABLES, WHOLE_TABLES):
        connection.execute(tables.encode())
    for name, columns in _models():
        typed = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns.items()
        )
        connection.execute(sql.SQL("create table marts.{} ({})").format(sql.Identifier(name), typed))


def _models() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted(MODELS.rglob("*__models.yml")):
        for model in yaml.safe_load(file.read_text())["models"]:
            # Published without the technical columns.
            columns = {each["name"]: each["data_type"] for each in model["columns"] if each["name"][0] != "_"}
            yield model["name"], columns


def columns_of(connection: Connection, mart: str) -> dict[str, str]:
    """The columns of a mart and their types."""
    rows = connection.execute(
        "select attname::text as name, format_type(atttypid, atttypmod) as kind from pg_attribute"
        " where attrelid = to_regclass('marts.' || %s) and attnum > 0 and not attisdropped order by attnum",
        [mart],
    )
    return {row["name"]: row["kind"] for row in rows}


def fill_every_mart(connection: Connection) -> None:
    """The rows of `ROWS`."""
    for mart, rows in ROWS.items():
        columns = columns_of(connection, mart)
        for number, row in enumerate(rows, start=1):
            special = {name: value for name, value in row.columns.items() if name in columns}
            values = sql.SQL(", ").join(
                sql.Literal(special[name]) if name in special else sql.SQL(VALUES[kind])
                for name, kind in columns.items()
            )
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            connection.execute(
                sql.SQL("insert into marts.{} ({}) values ({})").format(sql.Identifier(mart), names, values),
                {"number": number},
            )
