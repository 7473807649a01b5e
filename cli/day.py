"""Days as commands take them."""

from datetime import datetime
from typing import Any

import click


class Day(click.ParamType[datetime]):
    """A UTC day, written as 2026-03-31: its midnight."""

    # Help shows it in capitals.
    name = "yyyy-mm-dd"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The day's midnight, naive; or the option's name and how a day is written."""
        try:
            return value if isinstance(value, datetime) else datetime.strptime(str(value), "%Y-%m-%d")
        except ValueError:
            self.fail(f"{value!r} is not a day; write one like 2026-03-31", param, ctx)


DAY = Day()
