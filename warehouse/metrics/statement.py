"""The SQL that computes a metric, the same for Postgres and for DuckDB."""

from dataclasses import dataclass
from datetime import date

from warehouse.metrics.definition import Dimension, Grain, Measure, Metric, Source

# Wide enough for any sum of amounts, exact in both engines.
AMOUNT_TYPE = "numeric(38, 2)"
COUNT_TYPE = "bigint"


class MetricNotCutBy(ValueError):
    """The metric can't be computed by this dimension or over this period; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Days:
    """From which day to which, both included."""

    first: date
    last: date


def figures_statement(metric: Metric, dimension: Dimension, *, grain: Grain = "day", days: Days | None = None) -> str:
    """SQL whose rows are the figures of a metric, the same text for Postgres and DuckDB.

    Its columns: `period_start`, `dimension_value`, `currency`, `value`, and for a ratio `numerator` and `denominator`.
    A period without rows has no figure. Without `days` it is of all there are. Weeks begin on Monday; a total has the
    first of its days as its start. Raises `MetricNotCutBy`.
    """
    source = metric.sources.get(dimension)
    if source is None:
        raise MetricNotCutBy(f"{metric.slug} can be computed by {_listed(metric.dimensions)}, not by {dimension}")
    if grain not in metric.grains:
        raise MetricNotCutBy(f"{metric.slug} can be computed for each {_listed(metric.grains)}, not for each {grain}")
    columns = [
        f"{_period(source, grain, days)} as period_start",
        f"{source.key} as dimension_value",
        f"{source.currency or 'cast(null as text)'} as currency",
    ]
    measures = [_typed(measure) for measure in metric.measures]
    conditions = [part for part in (source.condition, _between(source, days)) if part]
    where = f"\n    where {' and '.join(conditions)}" if conditions else ""
    if metric.denominator is None:
        values = "numerator as value,\n    cast(null as bigint) as numerator,\n    cast(null as bigint) as denominator"
        measures.append("0")
    else:
        values = (
            "cast(numerator as double precision) / nullif(cast(denominator as double precision), 0) as value,"
            "\n    numerator,\n    denominator"
        )
    measured = ",\n        ".join([*columns, f"{measures[0]} as numerator", f"{measures[1]} as denominator"])
    return (
        f"select\n    period_start,\n    dimension_value,\n    currency,\n    {values}\nfrom (\n"  # nosec B608
        f"    select\n        {measured}\n    from {source.relation}{where}\n    group by 1, 2, 3\n) as measured"
    )


def _typed(measure: Measure) -> str:
    """The aggregation in a type of both engines; of rows in which nothing was summed it is nothing."""
    if measure.aggregation == "sum":
        kind = AMOUNT_TYPE if measure.is_amount else COUNT_TYPE
        return f"cast(coalesce({measure.formula}, 0) as {kind})"
    return measure.formula


def _period(source: Source, grain: Grain, days: Days | None) -> str:
    if grain == "day":
        return source.day
    if grain == "total":
        if days is None:
            raise ValueError("a total is of the days from one to another")
        return _literal(days.first)
    return f"cast(date_trunc('{grain}', {source.day}) as date)"


def _between(source: Source, days: Days | None) -> str | None:
    if days is None:
        return None
    return f"{source.day} between {_literal(days.first)} and {_literal(days.last)}"


def _literal(day: date) -> str:
    return f"date '{day.isoformat()}'"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
