"""Figures of the metric registry as rows of a file."""

from collections.abc import Iterator
from typing import Any

from warehouse.exports.column import Column, ColumnKind
from warehouse.marts import Figure, FigureQuery, Marts, Publication
from warehouse.marts.figure import is_complete

_KINDS: dict[str, ColumnKind] = {
    "metric": "text",
    "dimension": "text",
    "dimension_value": "text",
    "grain": "text",
    "period_start": "day",
    "currency": "text",
    # Whole, decimal or a ratio: as text all are exact.
    "value": "text",
    "numerator": "text",
    "denominator": "text",
    "interval_low": "number",
    "interval_high": "number",
    "is_complete": "boolean",
    "as_of": "moment",
    "publication_id": "text",
}
FIGURE_COLUMNS = tuple(Column(name, kind) for name, kind in _KINDS.items())


def figure_rows(marts: Marts, query: FigureQuery) -> Iterator[tuple[Any, ...]]:
    """A row of `FIGURE_COLUMNS` for each figure, read while it is taken. Raises `MetricNotCutBy`."""
    for figure in marts.stream_figures(query):
        assert marts.publication is not None
        yield _row(figure, query, marts.publication)


def _row(figure: Figure, query: FigureQuery, publication: Publication) -> tuple[Any, ...]:
    return (
        figure.metric,
        query.dimension,
        figure.dimension_value,
        query.grain,
        figure.period_start,
        figure.currency,
        figure.value,
        figure.numerator,
        figure.denominator,
        figure.interval.low if figure.interval else None,
        figure.interval.high if figure.interval else None,
        is_complete(figure, query, publication),
        publication.data_as_of,
        publication.publication_id,
    )
