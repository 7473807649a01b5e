"""What every table of the application database shares."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Text, func, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Model(DeclarativeBase):
    """Base of all models."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        UUID: postgresql.UUID(as_uuid=True),
        dict[str, Any]: postgresql.JSONB,
        list[str]: postgresql.ARRAY(Text),
    }
    # Columns that must never leave the process by way of a dump.
    private_columns: frozenset[str] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """The row as plain JSON values: ids and times as strings, without private columns."""
        return {
            column.key: _plain(getattr(self, column.key))
            for column in self.__mapper__.column_attrs
            if column.key not in self.private_columns
        }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return value


class Identified:
    """A row with an id whose order is the order of creation."""

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))


class Timestamped:
    """Creation and last change; the database's trigger keeps `updated_at`."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
