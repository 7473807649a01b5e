"""What a metric consists of, in the terms of MetricFlow: measures over a mart, aggregated by a time dimension."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["count", "currency", "ratio", "persons"]
Type = Literal["simple", "ratio", "cumulative"]
Aggregation = Literal["sum", "count", "count_distinct"]
Dimension = Literal["marketplace", "category", "seller", "prompt"]
Grain = Literal["day", "week", "month", "total"]

DIMENSIONS: tuple[Dimension, ...] = ("marketplace", "category", "seller", "prompt")
GRAINS: tuple[Grain, ...] = ("day", "week", "month", "total")


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregation over the rows of a source: of `expression`, in the rows that meet `condition`."""

    name: str
    aggregation: Aggregation
    expression: str
    condition: str | None = None
    # Money stays exact; everything else that is measured is a whole number.
    is_amount: bool = False

    @property
    def formula(self) -> str:
        """The aggregation in SQL."""
        value = self.expression
        if self.condition is not None:
            value = f"case when {self.condition} then {value} end"
        distinct = "distinct " if self.aggregation == "count_distinct" else ""
        return f"{'sum' if self.aggregation == 'sum' else 'count'}({distinct}{value})"


@dataclass(frozen=True, slots=True)
class Source:
    """The rows measures are taken from, cut by one dimension. All parts but the names of the marts are SQL.

    `key` is what a row is of, `day` the day it counts on, `currency` that of its amounts (None where there is none).
    """

    marts: tuple[str, ...]
    relation: str
    day: str
    key: str
    currency: str | None
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: how it is computed, by what it can be cut, whose it is, and what it does not count."""

    slug: str
    label: str
    unit: Unit
    measure: Measure
    sources: Mapping[Dimension, Source]
    owner: str
    leaves_out: str
    denominator: Measure | None = None
    # Of how many days up to and with the day of a figure its rows are.
    window_days: int | None = None
    # How many days after its own a figure waits for, to see what became of what it counts.
    follow_up_days: int = 0
    is_additive: bool = False
    # Whether the measure counts some of what the denominator counts, so that a rate has an interval.
    has_interval: bool = False

    @property
    def type(self) -> Type:
        """The kind of metric; a ratio may be one of measures over a window."""
        if self.denominator is not None:
            return "ratio"
        return "simple" if self.window_days is None else "cumulative"

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What is aggregated: one measure, or the two a ratio is made of."""
        return (self.measure,) if self.denominator is None else (self.measure, self.denominator)

    @property
    def formula(self) -> str:
        """SQL over the rows of one dimension's source, of one period and currency."""
        if self.denominator is None:
            return self.measure.formula
        return f"cast({self.measure.formula} as double precision) / nullif({self.denominator.formula}, 0)"

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """By what the metric can be cut; `marketplace` is the whole."""
        return tuple(dimension for dimension in DIMENSIONS if dimension in self.sources)

    @property
    def grains(self) -> tuple[Grain, ...]:
        """Over which periods it can be computed: one that does not add up is of a day, unless it is a ratio."""
        if self.window_days is None and (self.is_additive or self.denominator is not None):
            return GRAINS
        return ("day",)

    @property
    def marts(self) -> tuple[str, ...]:
        """The marts it is computed from, by dimension."""
        return tuple(dict.fromkeys(mart for source in self.sources.values() for mart in source.marts))

    @property
    def agg_time_dimension(self) -> str:
        """The column whose day a figure counts on."""
        return " or ".join(dict.fromkeys(source.day for source in self.sources.values()))

    @property
    def grain(self) -> str:
        """What one figure is of."""
        return self._grain(self.dimensions)

    def grain_by(self, dimension: Dimension) -> str:
        """What one figure is of, cut by this dimension."""
        return self._grain((dimension,))

    def _grain(self, dimensions: tuple[Dimension, ...]) -> str:
        keys = " or ".join(dimensions)
        has_currency = any(self.sources[dimension].currency for dimension in dimensions)
        window = f", of the {self.window_days} days up to it" if self.window_days else ""
        follow_up = f", followed for the {self.follow_up_days} days after it" if self.follow_up_days else ""
        return f"{keys}, UTC day{window}{follow_up}{', currency' if has_currency else ''}"
