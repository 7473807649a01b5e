"""Ids of imported rows: the same file gives the same ids on every machine, and so the same ranks and receipts."""

from typing import Literal
from uuid import UUID, uuid5

Entity = Literal["organization", "user", "prompt", "order", "refund"]

# Never change it: it is part of the id of every imported row.
NAMESPACE = UUID("6d1f6b0e-5a0b-5c3c-9e55-2f1a7c0d8e43")


def imported_id(entity: Entity, external_id: str) -> UUID:
    """The id of the row an import file calls `external_id`."""
    return uuid5(NAMESPACE, f"{entity}:{external_id}")
