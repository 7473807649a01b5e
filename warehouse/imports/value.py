"""Values of a row: from what a file holds to what the tables take, or `RowInvalid`.

A missing value is a column that is not there, null, or an empty text.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from warehouse.currencies import CURRENCIES
from warehouse.imports.errors import RowInvalid

IDENTIFIER_MAX_LENGTH = 255
# Of events that do not say theirs.
DEFAULT_SOURCE = "import"
# Ten billion of a currency; a file with more in one row has its units wrong.
AMOUNT_MAX_CENTS = 10**12
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# From here on a float stands for more than one whole number, and readers of JSON make floats of large ones.
WHOLE_FLOATS_BELOW = 2**53
# As seconds this is the year 5138, as milliseconds 1973: nothing we accept lies on the wrong side.
MILLISECONDS_FROM = 10**11

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?([Zz]|[+-]\d\d:?\d\d)?")
_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?")
# `12.0` is how spreadsheets and data frames write 12 beside empty cells.
_WHOLE = re.compile(r"(-?\d{1,20})(\.0{1,20})?")

Values = Mapping[str, Any]


def shown(value: object) -> str:
    """A value quoted for a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def missing(column: str) -> RowInvalid:
    """The refusal of a row without a value it needs."""
    return RowInvalid(f"{column}_missing", f"{column} is missing")


def text(values: Values, column: str, *, maximum: int = IDENTIFIER_MAX_LENGTH) -> str | None:
    """Text exactly as given."""
    value = values.get(column)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise RowInvalid(f"{column}_invalid", f"{column} is not text: {shown(value)}")
    if len(value) > maximum:
        raise RowInvalid(f"{column}_too_long", f"{column} has {len(value)} characters; at most {maximum} are allowed")
    if "\x00" in value:
        raise RowInvalid("nul_character", f"{column} holds a NUL character, which can't be stored")
    return value


def trimmed(values: Values, column: str, *, maximum: int = IDENTIFIER_MAX_LENGTH) -> str | None:
    """Text without the blanks around it."""
    value = text(values, column, maximum=maximum)
    return (value.strip() or None) if value is not None else None


def identifier(values: Values, column: str) -> str | None:
    """An id of the outside world; a number counts as its digits, unless some were lost on its way here."""
    value = values.get(column)
    if not isinstance(value, str):
        if isinstance(value, float) and value.is_integer() and abs(value) < WHOLE_FLOATS_BELOW:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return trimmed(values, column)


def needed_identifier(values: Values, column: str) -> str:
    """An id that must be there."""
    value = identifier(values, column)
    if value is None:
        raise missing(column)
    return value


def cents(values: Values, column: str, *, maximum: int = AMOUNT_MAX_CENTS) -> int | None:
    """A whole number of minor units, not negative."""
    value = values.get(column)
    if value is None or value == "":
        return None
    number = _whole(value)
    if number is None:
        raise RowInvalid(f"{column}_invalid", f"{column} is not a whole number of minor units: {shown(value)}")
    if number < 0:
        raise RowInvalid(f"{column}_negative", f"{column} is negative: {number}")
    if number > maximum:
        raise RowInvalid(f"{column}_too_large", f"{column} is over {maximum}: {number}")
    return number


def position(values: Values, column: str) -> int | None:
    """A place in a list, counted from 1."""
    value = values.get(column)
    if value is None or value == "":
        return None
    number = _whole(value)
    if number is None or not 1 <= number < 2**31:
        raise RowInvalid(f"{column}_invalid", f"{column} is not a whole number from 1 up: {shown(value)}")
    return number


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    found = _WHOLE.fullmatch(str(value).strip())
    return int(found[1]) if found else None


def currency(values: Values, column: str) -> str | None:
    """A currency code, in capitals. One whose minor unit we don't know would give amounts wrong by a factor."""
    value = trimmed(values, column)
    if value is None:
        return None
    if value.upper() not in CURRENCIES:
        raise RowInvalid(f"{column}_invalid", f"{column} is not a code we know such as USD: {shown(value)}")
    return value.upper()


def timestamp(values: Values, column: str) -> datetime | None:
    """A moment in UTC: RFC 3339 with its zone, epoch seconds, or epoch milliseconds."""
    value = values.get(column)
    if value is None or value == "":
        return None
    try:
        moment = _moment(column, value)
    except (ValueError, ArithmeticError):
        # The latter of a time beyond all years, and of NaN.
        raise _not_a_moment(column, value) from None
    if moment < EARLIEST:
        raise RowInvalid(f"{column}_ancient", f"{column} is before 2000: {shown(value)}")
    if moment > datetime.now(UTC) + AHEAD:
        raise RowInvalid(f"{column}_future", f"{column} is over an hour in the future: {shown(value)}")
    return moment


def needed_timestamp(values: Values, column: str) -> datetime:
    """A moment that must be there."""
    value = timestamp(values, column)
    if value is None:
        raise missing(column)
    return value


def _moment(column: str, value: object) -> datetime:
    if isinstance(value, datetime):
        return _in_utc(column, value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _from_epoch(Decimal(str(value)))
    if not isinstance(value, str):
        raise _not_a_moment(column, value)
    stripped = value.strip()
    if _RFC3339.fullmatch(stripped):
        return _in_utc(column, datetime.fromisoformat(stripped.upper().replace(",", ".")))
    if _NUMBER.fullmatch(stripped):
        return _from_epoch(Decimal(stripped))
    raise _not_a_moment(column, value)


def _in_utc(column: str, moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    if moment.utcoffset() is None:
        raise RowInvalid(
            f"{column}_without_zone",
            f"{column} has no time zone: {shown(moment.isoformat())}; write for example {moment.isoformat()}Z",
        )
    return moment.astimezone(UTC)


def _from_epoch(number: Decimal) -> datetime:
    microseconds = number * (1_000 if abs(number) >= MILLISECONDS_FROM else 1_000_000)
    return EPOCH + timedelta(microseconds=int(microseconds))


def _not_a_moment(column: str, value: object) -> RowInvalid:
    return RowInvalid(
        f"{column}_invalid",
        f"{column} is neither an RFC 3339 time such as 2026-05-01T09:30:00Z nor epoch seconds or milliseconds: "
        f"{shown(value)}",
    )
