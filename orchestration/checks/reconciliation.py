"""Reconciliation: the same number computed from where it came from and from where it is shown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from psycopg import sql

from warehouse.currencies import ZERO_DECIMAL_CURRENCIES
from warehouse.events import LATEST_EVENT_AHEAD_SECONDS
from warehouse.publication import BUILD_SCHEMA
from warehouse.publication.tested import AlreadyTested

# Enough to see what kind of mistake it is.
SHOWN_DIFFERENCES = 20
# `{column in scope}`, `{moment on scope}`, `{moment since scope}`.
CONDITION = re.compile(r"\{([^{}]+) (in|on|since) scope\}")
_ZERO_DECIMAL = ", ".join(f"'{currency}'" for currency in ZERO_DECIMAL_CURRENCIES)
# An amount of a mart times this is what the raw tables have, in the row's `currency`.
MINOR_UNITS = f"case when currency in ({_ZERO_DECIMAL}) then 1 else 100 end"

# What to compare: these values, the rows that a query gives, or everything.
Scope = list[Any] | str | None


@dataclass(frozen=True)
class Reconciliation:
    """Two queries over the warehouse that must give the same rows.

    Both select the `key` columns and the `measures`. `schema` and `table` name the table that the check belongs to.

    `scope` is a query for what to compare when most was compared before: one column, of the rows that were loaded after
    `{loaded_through}` or built after `{built_through}`. The two queries say `{column in scope}` and, where the scope is
    days, `{moment on scope}` for what happened on them and `{moment since scope}` for what was received since. Both are
    bounds of a moment, so an index can be used and the planner knows how many rows there are. Without a scope
    everything is always compared. Where there are too many values to be listed, the scope is a query for rows, which
    are compared by two queries of their own over `in_scope`.
    """

    table: str
    name: str
    description: str
    expected: str
    found: str
    key: tuple[str, ...]
    measures: tuple[str, ...]
    schema: str = BUILD_SCHEMA
    scope: str | None = None
    expected_in_scope: str | None = None
    found_in_scope: str | None = None


def scope_statement(scope: str, tested: AlreadyTested) -> str:
    """SQL for what a reconciliation has to compare, one column, when all else was `tested` before."""
    for name, moment in (("loaded_through", tested.loaded_through), ("built_through", tested.built_through)):
        scope = scope.replace(f"{{{name}}}", _literal(moment))
    return scope


def differences_statement(reconciliation: Reconciliation, scope: Scope = None) -> str:
    """SQL for the rows in which the two queries differ: the key, and each measure as expected and as found.

    Of what is in the scope alone, by default of everything.
    """
    key = ", ".join(reconciliation.key)
    shown = ", ".join(
        f"expected.{measure} as expected_{measure}, found.{measure} as found_{measure}"
        for measure in reconciliation.measures
    )
    expected, found = (_row(query, reconciliation.measures) for query in ("expected", "found"))
    return (
        f"with {_queries(reconciliation, scope)} "  # nosec B608
        f"select {key}, {shown} from expected full join found using ({key}) "
        f"where ({expected}) is distinct from ({found}) "
        f"order by {key} limit {SHOWN_DIFFERENCES}"
    )


def _queries(reconciliation: Reconciliation, scope: Scope) -> str:
    """The two queries by their names, after the rows that they share."""
    if isinstance(scope, str):
        return (
            f"in_scope as ({scope}), expected as ({reconciliation.expected_in_scope}),"
            f" found as ({reconciliation.found_in_scope})"
        )
    return f"expected as ({_scoped(reconciliation.expected, scope)}), found as ({_scoped(reconciliation.found, scope)})"


def _scoped(query: str, scope: list[Any] | None) -> str:
    def condition(found: re.Match[str]) -> str:
        column, kind = found.groups()
        if scope is None:
            return "true"
        if not scope:
            return "false"
        if kind == "in":
            return f"{column} in ({', '.join(map(_literal, scope))})"
        if kind == "on":
            return _within(column, scope)
        # What happened on a day was received on it or later, but for clocks that are ahead, which intake bounds.
        return f"{column} >= {_literal(_midnight(min(scope)) - timedelta(seconds=LATEST_EVENT_AHEAD_SECONDS))}"

    return CONDITION.sub(condition, query)


def _within(column: str, days: Sequence[date]) -> str:
    """That a moment lies on one of the days: one range for each stretch of days without a gap."""
    stretches: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if stretches and stretches[-1][1] == day:
            stretches.append((stretches.pop()[0], day + timedelta(days=1)))
        else:
            stretches.append((day, day + timedelta(days=1)))
    ranges = (
        f"{column} >= {_literal(_midnight(first))} and {column} < {_literal(_midnight(end))}"
        for first, end in stretches
    )
    return f"({' or '.join(ranges)})"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(tzinfo=UTC))


def _literal(value: Any) -> str:
    return sql.Literal(value).as_string(None)


def _row(query: str, measures: Sequence[str]) -> str:
    return ", ".join(f"{query}.{measure}" for measure in measures)
