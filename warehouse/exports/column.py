"""The columns of an exported file, and their values in each format."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import orjson
from psycopg import Column as DatabaseColumn

if TYPE_CHECKING:
    import pyarrow as pa

ColumnKind = Literal["text", "integer", "number", "amount", "boolean", "day", "moment", "json", "texts"]

# By the names Postgres gives its types. What has another one is text.
_KINDS: dict[str, ColumnKind] = {
    "int2": "integer",
    "int4": "integer",
    "int8": "integer",
    "float4": "number",
    "float8": "number",
    "numeric": "amount",
    "bool": "boolean",
    "date": "day",
    "timestamptz": "moment",
    "json": "json",
    "jsonb": "json",
    "_text": "texts",
}

# Of a numeric that says no scale: wide enough for any amount, fine enough for any rate.
UNSCALED = (38, 12)


@dataclass(frozen=True)
class Column:
    """A column of a file."""

    name: str
    kind: ColumnKind
    precision: int = UNSCALED[0]
    scale: int = UNSCALED[1]

    @property
    def arrow_type(self) -> "pa.DataType":
        """Its type in Parquet. Amounts are decimals, so that nothing is rounded; JSON is text."""
        import pyarrow as pa

        simple = {
            "integer": pa.int64(),
            "number": pa.float64(),
            "boolean": pa.bool_(),
            "day": pa.date32(),
            "moment": pa.timestamp("us", tz="UTC"),
            "texts": pa.list_(pa.string()),
            "amount": pa.decimal128(self.precision, self.scale),
        }
        return simple.get(self.kind, pa.string())


def columns_of(description: Sequence[DatabaseColumn]) -> tuple[Column, ...]:
    """The columns of a query's result."""
    columns = []
    for each in description:
        kind = _KINDS.get(each.type_display.partition("(")[0], "text")
        if each.type_display.endswith("[]"):
            kind = "texts"
        precision, scale = (each.precision, each.scale) if each.precision is not None else UNSCALED
        columns.append(Column(each.name, kind, precision, scale or 0))
    return tuple(columns)


def json_value(value: Any) -> Any:
    """A value as JSON holds it: amounts as text, so that nothing is rounded; times as RFC 3339 in UTC."""
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def csv_value(value: Any) -> Any:
    """A value as a cell: nothing is empty, a list of texts has `;` between them, JSON stays JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ";".join(value)
    if isinstance(value, dict | list):
        return orjson.dumps(value, default=str).decode()
    return value


def arrow_value(value: Any, column: Column) -> Any:
    """A value as Arrow takes it."""
    if value is None:
        return None
    if column.kind == "json":
        return orjson.dumps(value, default=str).decode()
    if column.kind == "text":
        return str(value)
    if column.kind == "amount" and not isinstance(value, Decimal):
        return Decimal(value)
    return value


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
