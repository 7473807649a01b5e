"""Reads figures of the metric registry. Plain functions over one connection, run in threads."""

from dataclasses import dataclass, replace
from datetime import date

from api.analytics.errors import DateRangeInvalid, DateRangeTooLong, MetricNotComputable
from api.analytics.performance import published
from api.analytics.schemas import MetricFigure, MetricFigures
from api.pagination import CursorInvalid, decode_cursor, encode_cursor
from warehouse.marts import Figure, FigureQuery, Marts, MartsConnections, Place, Publication, read_marts
from warehouse.marts.figure import is_complete
from warehouse.metrics import METRICS, Days, Dimension, Grain, Metric, MetricUnknown, metric
from warehouse.tenancy import Scope

DAYS_DEFAULT = 28
# A year and a day: a window is computed for each of them.
DAYS_MAX = 366


@dataclass(frozen=True)
class Wanted:
    """What is asked for, as it was asked: without metrics all there are, without days the last ones with facts."""

    dimension: Dimension
    grain: Grain
    metrics: list[str]
    date_from: date | None
    date_to: date | None
    currency: str | None
    seller_organization_id: str | None = None


@dataclass(frozen=True)
class WantedPage:
    """A page of what is asked for: from a cursor on, or the first."""

    wanted: Wanted
    cursor: str | None
    limit: int

    def of(self, dimension: Dimension, *, seller_organization_id: str | None = None) -> "WantedPage":
        """The same, cut by a dimension, and of one seller alone."""
        wanted = replace(self.wanted, dimension=dimension, seller_organization_id=seller_organization_id)
        return replace(self, wanted=wanted)


def choose_metrics(wanted: Wanted) -> tuple[Metric, ...]:
    """Those asked for, each once and in the order of the registry. Raises `MetricNotComputable`."""
    if not wanted.metrics:
        return tuple(
            entry for entry in METRICS if wanted.dimension in entry.dimensions and wanted.grain in entry.grains
        )
    chosen = {_choose(slug, wanted).slug for slug in wanted.metrics}
    return tuple(entry for entry in METRICS if entry.slug in chosen)


def _choose(slug: str, wanted: Wanted) -> Metric:
    try:
        found = metric(slug)
    except MetricUnknown as error:
        raise MetricNotComputable(f"{error}; /analytics/metrics lists them") from None
    if wanted.dimension not in found.dimensions:
        raise MetricNotComputable(f"{slug} can't be cut by {wanted.dimension}, only by {', '.join(found.dimensions)}")
    if wanted.grain not in found.grains:
        raise MetricNotComputable(
            f"{slug} can't be computed for each {wanted.grain}, only for each {', '.join(found.grains)}"
        )
    return found


def choose_days(wanted: Wanted, last_day: date | None) -> Days | None:
    """The days asked for; None where there is no day yet. Raises `DateRangeInvalid` or `DateRangeTooLong`."""
    last = wanted.date_to or last_day
    if last is None:
        return None
    if wanted.date_from is not None and wanted.date_from > last:
        if wanted.date_to is not None:
            raise DateRangeInvalid
        last = wanted.date_from
    first = wanted.date_from or date.fromordinal(max(1, last.toordinal() - DAYS_DEFAULT + 1))
    if (last - first).days >= DAYS_MAX:
        raise DateRangeTooLong(DAYS_MAX)
    return Days(first, last)


def plan(marts: Marts, wanted: Wanted) -> FigureQuery | None:
    """The query for what is wanted; None before there is a day to ask for. Raises what the choices raise."""
    metrics = choose_metrics(wanted)
    available = marts.days_with_facts()
    days = choose_days(wanted, available.last if available else None)
    if days is None:
        return None
    return FigureQuery(metrics, wanted.dimension, days, wanted.grain, wanted.currency, wanted.seller_organization_id)


def read_page(connections: MartsConnections, scope: Scope, page: WantedPage) -> MetricFigures:
    """One page. Raises `MartsUnavailable`, `CursorInvalid`, and what `plan` raises."""
    wanted, limit = page.wanted, page.limit
    after, begun = _decode(page.cursor)
    if begun is not None:
        # Later pages are of the days the first one was of, whatever was published since.
        wanted = replace(wanted, date_from=begun.first, date_to=begun.last)
    with read_marts(connections, scope) as marts:
        query = plan(marts, wanted)
        found = marts.figures(query, after=after, limit=limit + 1) if query else []
        answer = MetricFigures(
            **published(marts),
            dimension=wanted.dimension,
            grain=wanted.grain,
            date_from=query.days.first if query else None,
            date_to=query.days.last if query else None,
            items=[],
        )
    if query is not None:
        answer.items = [describe(each, query, marts.publication) for each in found[:limit]]
        answer.next_cursor = _encode(found[limit - 1], query.days) if len(found) > limit else None
    return answer


def describe(figure: Figure, query: FigureQuery, publication: Publication | None) -> MetricFigure:
    """A figure as answered, with whether its period was over."""
    return MetricFigure(
        metric=figure.metric,
        dimension_value=figure.dimension_value,
        period_start=figure.period_start,
        currency=figure.currency,
        value=figure.value,
        numerator=figure.numerator,
        denominator=figure.denominator,
        interval=figure.interval,
        is_complete=publication is not None and is_complete(figure, query, publication),
    )


def _encode(last: Figure, days: Days) -> str:
    place = Place.of(last)
    return encode_cursor(
        place.metric,
        place.period_start.isoformat(),
        place.dimension_value,
        place.currency,
        days.first.isoformat(),
        days.last.isoformat(),
    )


def _decode(cursor: str | None) -> tuple[Place | None, Days | None]:
    if cursor is None:
        return None, None
    slug, start, value, currency, first, last = decode_cursor(cursor, 6)
    try:
        place = Place(slug, date.fromisoformat(start), value, currency)
        return place, Days(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        raise CursorInvalid from None
