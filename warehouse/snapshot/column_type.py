"""How columns of Postgres travel through Arrow and what they become in DuckDB."""

import re

# numeric without a stated scale: wide enough for any amount, fine enough for any rate.
UNSCALED_DECIMAL = "decimal(38, 12)"

DUCKDB_TYPES = {
    "text": "varchar",
    "character varying": "varchar",
    "boolean": "boolean",
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "real": "float",
    "double precision": "double",
    "date": "date",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "json": "json",
    "jsonb": "json",
    "uuid": "varchar",
    "text[]": "varchar[]",
    "numeric": UNSCALED_DECIMAL,
}
# Arrow knows no arbitrary numeric, no JSON and no uuid of Postgres: these travel as text, exactly.
SENT_AS_TEXT = ("numeric", "json", "jsonb", "uuid", "character varying")

_PARAMETERS = re.compile(r"\(([\d, ]+)\)")


class ColumnTypeUnknown(Exception):
    """A column has a type that snapshots don't know."""


def duckdb_type(postgres_type: str) -> str:
    """The DuckDB type for a type as `format_type` writes it. Raises `ColumnTypeUnknown`."""
    base, parameters = _split(postgres_type)
    if base == "numeric" and parameters:
        return f"decimal({parameters})"
    if base not in DUCKDB_TYPES:
        raise ColumnTypeUnknown(postgres_type)
    return DUCKDB_TYPES[base]


def is_sent_as_text(postgres_type: str) -> bool:
    """Whether a column of this type is cast to text before it is read through Arrow."""
    return _split(postgres_type)[0] in SENT_AS_TEXT


def _split(postgres_type: str) -> tuple[str, str]:
    found = _PARAMETERS.search(postgres_type)
    base = _PARAMETERS.sub("", postgres_type)
    return base, re.sub(r"\s*,\s*", ", ", found.group(1)) if found else ""
