"""The figures of the metric registry, computed from the marts of one publication."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import DictRow

from warehouse.marts.row import Publication
from warehouse.metrics import (
    Days,
    Dimension,
    Grain,
    Interval,
    Metric,
    MetricNotCutBy,
    figures_statement,
    wilson_interval,
)

# As many rows as cross at once while all are streamed.
STREAMED_ROWS = 2000

Number = int | Decimal | float
Connection = psycopg.Connection[DictRow]


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric's value in one period, of one value of a dimension. Without currency where its facts have none.

    Counts are whole numbers, amounts decimals; a ratio has what it was divided of, and no value with nothing to divide
    by.
    """

    metric: str
    dimension_value: str
    period_start: date
    currency: str | None
    value: Number | None
    numerator: Number | None
    denominator: Number | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class FigureQuery:
    """Which figures: of these metrics, cut by one dimension, for each period between two days.

    With a currency those of others are left out, and with a seller those of other sellers and their prompts.
    """

    metrics: tuple[Metric, ...]
    dimension: Dimension
    days: Days
    grain: Grain = "day"
    currency: str | None = None
    seller_organization_id: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the list of a query's figures one is: at this figure of this metric."""

    metric: str
    period_start: date
    dimension_value: str
    currency: str

    @classmethod
    def of(cls, figure: Figure) -> "Place":
        """The place of a figure."""
        return cls(figure.metric, figure.period_start, figure.dimension_value, figure.currency or "")


def period_end(start: date, grain: Grain, days: Days) -> date:
    """The last day of a period; a week that dates have no end for ends with the last date there is."""
    if grain == "day":
        return start
    if grain == "total":
        return days.last
    if grain == "week":
        return date.fromordinal(min(start.toordinal() + 6, date.max.toordinal()))
    return start.replace(day=monthrange(start.year, start.month)[1])


def is_complete(figure: Figure, query: FigureQuery, publication: Publication) -> bool:
    """Whether the period of a figure was over when the figures were loaded, and the days it is followed for."""
    last = period_end(figure.period_start, query.grain, query.days)
    follow_up_days = next(metric.follow_up_days for metric in query.metrics if metric.slug == figure.metric)
    # In ordinals, because there may be no date so late.
    return last.toordinal() + follow_up_days <= publication.complete_through.toordinal()


def read_figures(connection: Connection, query: FigureQuery, *, after: Place | None, limit: int) -> list[Figure]:
    """Up to `limit` figures that come after a place. Raises `MetricNotCutBy`."""
    found: list[Figure] = []
    for metric in _remaining(_published(connection, query), after):
        start = after if after is not None and after.metric == metric.slug else None
        statement, parameters = _statement(metric, query, after=start)
        parameters["limit"] = limit - len(found)
        rows = connection.execute(f"{statement}\nlimit %(limit)s".encode(), parameters)
        found += [_figure(metric, row) for row in rows]
        if len(found) == limit:
            break
    return found


def stream_figures(connection: Connection, query: FigureQuery) -> Iterator[Figure]:
    """All figures, a part at a time. Raises `MetricNotCutBy`."""
    for metric in _published(connection, query):
        statement, parameters = _statement(metric, query)
        with connection.cursor(name="figures") as cursor:
            cursor.itersize = STREAMED_ROWS
            cursor.execute(statement.encode(), parameters)
            for row in cursor:
                yield _figure(metric, row)


def published_marts(connection: Connection) -> set[str]:
    """The names of the marts that are there."""
    rows = connection.execute(
        "select relname as name from pg_class where relnamespace = to_regnamespace('marts') and relkind in ('r', 'p')"
    )
    return {row["name"] for row in rows}


def _published(connection: Connection, query: FigureQuery) -> list[Metric]:
    """The metrics whose marts are there: a publication of an earlier version lacks those that came later."""
    there = published_marts(connection)
    found = []
    for metric in query.metrics:
        source = metric.sources.get(query.dimension)
        if source is None or query.grain not in metric.grains:
            # Says what there is instead.
            figures_statement(metric, query.dimension, grain=query.grain, days=query.days)
            raise MetricNotCutBy(metric.slug)
        if set(source.marts) <= there:
            found.append(metric)
    return found


def _remaining(metrics: list[Metric], after: Place | None) -> list[Metric]:
    if after is None:
        return metrics
    slugs = [metric.slug for metric in metrics]
    return metrics[slugs.index(after.metric) :] if after.metric in slugs else []


def _statement(metric: Metric, query: FigureQuery, *, after: Place | None = None) -> tuple[str, dict[str, Any]]:
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    if query.seller_organization_id is not None:
        parameters["seller"] = query.seller_organization_id
        conditions.append(_OF_SELLER[query.dimension])
    if query.currency is not None:
        parameters["currency"] = query.currency
        conditions.append("(currency = %(currency)s or currency is null)")
    if after is not None:
        parameters |= {"period": after.period_start, "key": after.dimension_value, "after_currency": after.currency}
        conditions.append(
            "(period_start, dimension_value, coalesce(currency, ''))"
            " > (%(period)s::date, %(key)s::text, %(after_currency)s::text)"
        )
    computed = figures_statement(metric, query.dimension, grain=query.grain, days=query.days)
    where = f"\nwhere {' and '.join(conditions)}" if conditions else ""
    order = "\norder by period_start, dimension_value, coalesce(currency, '')"
    return f"select *\nfrom (\n{computed}\n) as figures{where}{order}", parameters  # nosec B608


_OF_SELLER: dict[str, str] = {
    "seller": "dimension_value = %(seller)s",
    "prompt": "dimension_value in (select prompt_id from marts.dim_prompts where seller_organization_id = %(seller)s)",
    # Nothing of a whole is one seller's.
    "marketplace": "false",
    "category": "false",
}


def _figure(metric: Metric, row: DictRow) -> Figure:
    interval = None
    if metric.has_interval:
        interval = wilson_interval(row["numerator"], row["denominator"])
    return Figure(metric=metric.slug, interval=interval, **row)
