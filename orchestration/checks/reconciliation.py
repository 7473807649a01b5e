"""Reconciliation: the same number computed from where it came from and from where it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from warehouse.publication import BUILD_SCHEMA

# Enough to see what kind of mistake it is.
SHOWN_DIFFERENCES = 20


@dataclass(frozen=True)
class Reconciliation:
    """Two queries over the warehouse that must give the same rows.

    Both select the `key` columns and the `measures`. `schema` and `table` name the table that the check belongs to.
    """

    table: str
    name: str
    description: str
    expected: str
    found: str
    key: tuple[str, ...]
    measures: tuple[str, ...]
    schema: str = BUILD_SCHEMA


def differences_statement(reconciliation: Reconciliation) -> str:
    """SQL for the rows in which the two queries differ: the key, and each measure as expected and as found."""
    key = ", ".join(reconciliation.key)
    shown = ", ".join(
        f"expected.{measure} as expected_{measure}, found.{measure} as found_{measure}"
        for measure in reconciliation.measures
    )
    expected, found = (_row(query, reconciliation.measures) for query in ("expected", "found"))
    return (
        f"with expected as ({reconciliation.expected}), found as ({reconciliation.found}) "  # nosec B608
        f"select {key}, {shown} from expected full join found using ({key}) "
        f"where ({expected}) is distinct from ({found}) "
        f"order by {key} limit {SHOWN_DIFFERENCES}"
    )


def _row(query: str, measures: Sequence[str]) -> str:
    return ", ".join(f"{query}.{measure}" for measure in measures)
