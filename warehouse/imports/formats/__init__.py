"""Exports of other systems as rows of an events file: which of their columns become which of ours."""

from collections.abc import Collection

from warehouse.imports.formats.format import Format
from warehouse.imports.formats.ga4 import GA4
from warehouse.imports.formats.posthog import POSTHOG
from warehouse.imports.formats.segment import SEGMENT

FORMATS: dict[str, Format] = {each.name: each for each in (POSTHOG, SEGMENT, GA4)}
# Of an events file. Neither is the name of a column in an export.
OURS = frozenset({"event_id", "occurred_at"})

__all__ = ["FORMATS", "Format", "find_format"]


def find_format(columns: Collection[str]) -> Format | None:
    """The system whose export has such columns; None when they are those of an events file, or of nothing we know."""
    names = frozenset(columns)
    return next((each for each in FORMATS.values() if names >= {*each.needed} and not names & OURS), None)
