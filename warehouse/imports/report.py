"""What an import did."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from warehouse.imports.importer import Outcome


@dataclass
class Report:
    """Counts of rows: read = inserted + updated + unchanged + duplicates + quarantined.

    `unchanged` rows say what is known already; `duplicates` are events stored before, in this file or another.
    """

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def quarantined(self) -> int:
        """Rows that were not taken in, for whatever reason."""
        return self.reasons.total()

    def add(self, outcome: Outcome) -> None:
        """Count a batch that was stored."""
        self.inserted += outcome.inserted
        self.updated += outcome.updated
        self.unchanged += outcome.unchanged
        self.duplicates += outcome.duplicates

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "read": self.read,
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            "reasons": dict(self.reasons.most_common()),
        }
