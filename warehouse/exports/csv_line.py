"""Rows as lines of CSV, and texts in them that a spreadsheet must not take for formulas."""

import csv
import re
from collections.abc import Iterable
from typing import Any

from warehouse.exports.column import csv_value

# What spreadsheets begin a formula with, also in their wide forms, and what they drop before looking for one.
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")
# Python's writer quotes the letters that end its lines: both of these would end a row for somebody.
_END = "\r\n"


class _Lines(list[str]):
    def write(self, line: str) -> None:
        self.append(line.removesuffix(_END) + "\n")


def csv_lines(rows: Iterable[Iterable[Any]]) -> str:
    """The rows as they are written into a file. Texts are guarded; numbers, days and times are as they are."""
    lines = _Lines()
    csv.writer(lines, lineterminator=_END).writerows([_cell(value) for value in row] for row in rows)
    return "".join(lines)


def guard(text: str) -> str:
    """The text with `'` before it where a spreadsheet would compute it: it shows it as text, as if typed like that.

    One that already begins like this gets one more, so that `unguard` knows what each was.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """The text before `guard`."""
    return text[1:] if _GUARDED.match(text) else text


def _cell(value: Any) -> Any:
    cell = csv_value(value)
    return guard(cell) if isinstance(cell, str) else cell
