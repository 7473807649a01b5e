"""One row of a file as it was read."""

from typing import Any

import orjson
from msgspec import Struct

from warehouse.imports.errors import RowInvalid


class Record(Struct, frozen=True):
    """A row: the line it begins on (counted from 1), its values by column, and what was wrong already when reading.

    `size` is about the memory it takes, in bytes. `raw` holds what was read, where that can stand for itself or could
    not be taken apart; a good row of CSV means nothing without its header.
    """

    line: int
    values: dict[str, Any]
    size: int
    raw: bytes | None = None
    problem: RowInvalid | None = None

    def as_bytes(self) -> bytes:
        """What is kept in quarantine: the row as a JSON object, or its bytes as they came."""
        if self.raw is not None:
            return self.raw
        return orjson.dumps(self.values, default=str, option=orjson.OPT_NON_STR_KEYS)
