"""What the pages show, read from the marts and computed from what was read. Knows nothing of Streamlit."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from warehouse.exports.csv_line import csv_lines
from warehouse.marts import (
    DateRange,
    Figure,
    FigureQuery,
    MartsConnections,
    PerformanceDay,
    PerformanceTotals,
    PromptTotals,
    Publication,
    RankedPrompt,
    no_activity,
    read_marts,
    sum_days,
)
from warehouse.metrics import METRICS, Days, Dimension
from warehouse.tenancy import Scope

# More would be slow to draw; the page says so when there are more.
PROMPTS_SHOWN = 1000
RANK_SURFACE = "top"

EVER = DateRange(date.min, date.max)


class PublicationSuperseded(Exception):
    """Newer figures were published since the page asked for these; asking again gives them. Ends with the new id."""

    def __init__(self, publication_id: str | None) -> None:
        super().__init__(f"another publication became current: {publication_id}")


@dataclass(frozen=True)
class History:
    """All days of one seller in one publication."""

    publication: Publication
    days: tuple[PerformanceDay, ...]

    @property
    def available(self) -> DateRange | None:
        """First and last day with activity, in whatever currency."""
        if not self.days:
            return None
        return DateRange(min(day.performance_date for day in self.days), max(day.performance_date for day in self.days))

    @property
    def currencies(self) -> list[str]:
        """Currencies, the one with most orders first."""
        orders: Counter[str] = Counter()
        for day in self.days:
            orders[day.currency] += day.order_count
        return sorted(orders, key=lambda currency: (-orders[currency], currency))

    def between(self, days: DateRange) -> list[PerformanceDay]:
        """The days with activity in a range, in all currencies."""
        return [day for day in self.days if days.first <= day.performance_date <= days.last]


@dataclass(frozen=True)
class Comparison:
    """A period in one currency beside the one of equal length before it (None when that is not all there)."""

    current: PerformanceTotals
    previous: PerformanceTotals | None


@dataclass(frozen=True)
class PromptLine:
    """A prompt's totals and its place among all prompts, None when it has none."""

    totals: PromptTotals
    place: RankedPrompt | None


def find_publication(connections: MartsConnections) -> Publication | None:
    """The current publication, or None before the first."""
    with read_marts(connections) as marts:
        return marts.publication


def load_history(connections: MartsConnections, *, organization_id: str, publication_id: str) -> History:
    """All days of one seller. Raises `PublicationSuperseded`."""
    with read_marts(connections, _scope(organization_id)) as marts:
        publication = _require(marts.publication, publication_id)
        days = marts.seller_performance(organization_id, date_from=EVER.first, date_to=EVER.last)
    return History(publication, tuple(days))


def load_prompts(
    connections: MartsConnections, *, organization_id: str, publication_id: str, days: DateRange, currency: str
) -> list[PromptLine]:
    """One seller's prompts in one currency, highest net revenue first. Raises `PublicationSuperseded`."""
    with read_marts(connections, _scope(organization_id)) as marts:
        _require(marts.publication, publication_id)
        totals = marts.seller_prompts(
            organization_id, date_from=days.first, date_to=days.last, currency=currency, limit=PROMPTS_SHOWN
        )
        places = marts.ranks_of([line.prompt_id for line in totals], surface=RANK_SURFACE)
    by_prompt = {place.prompt_id: place for place in places}
    return [PromptLine(line, by_prompt.get(line.prompt_id)) for line in totals]


def load_figures(
    connections: MartsConnections,
    *,
    organization_id: str,
    publication_id: str,
    days: DateRange,
    dimension: Dimension = "seller",
) -> list[Figure]:
    """One seller's figures of every metric of the registry, day by day. Raises `PublicationSuperseded`."""
    metrics = tuple(entry for entry in METRICS if dimension in entry.dimensions)
    query = FigureQuery(
        metrics, dimension, Days(days.first, days.last), seller_organization_id=organization_id
    )  # fmt: skip
    with read_marts(connections, _scope(organization_id)) as marts:
        _require(marts.publication, publication_id)
        return list(marts.stream_figures(query))


def last_days(available: DateRange, count: int | None) -> DateRange:
    """The last days there is data for; all of them for None."""
    if count is None:
        return available
    return DateRange(max(available.first, available.last - timedelta(days=count - 1)), available.last)


def length(days: DateRange) -> int:
    """How many days a range has."""
    return (days.last - days.first).days + 1


def period_before(days: DateRange) -> DateRange:
    """The range of equal length that ends the day before."""
    return DateRange(days.first - timedelta(days=length(days)), days.first - timedelta(days=1))


def total(days: Iterable[PerformanceDay], currency: str) -> PerformanceTotals:
    """The sum of the days in one currency."""
    found = sum_days(day for day in days if day.currency == currency)
    return found[0] if found else no_activity(currency)


def compare(history: History, days: DateRange, currency: str) -> Comparison:
    """A period and the one before. A period that begins before the data does would compare unequal lengths."""
    before = period_before(days)
    available = history.available
    is_whole = available is not None and before.first >= available.first
    previous = total(history.between(before), currency) if is_whole else None
    return Comparison(total(history.between(days), currency), previous)


def fill_days(
    days: Sequence[PerformanceDay], *, span: DateRange, currency: str
) -> list[tuple[date, PerformanceTotals]]:
    """Every day of the span in one currency; days without activity are nothing, not missing."""
    by_date = {day.performance_date: day for day in days if day.currency == currency}
    filled = []
    for offset in range(length(span)):
        when = span.first + timedelta(days=offset)
        filled.append((when, total([by_date[when]] if when in by_date else [], currency)))
    return filled


def by_rank(lines: Sequence[PromptLine]) -> list[PromptLine]:
    """The prompts that have a place, best first."""
    return sorted(
        (line for line in lines if line.place is not None), key=lambda line: line.place.rank if line.place else 0
    )


CSV_COLUMNS = (
    "prompt_id",
    "title",
    "category",
    "status",
    "currency",
    "impression_count",
    "click_count",
    "purchased_click_count",
    "view_count",
    "checkout_count",
    "order_count",
    "refund_count",
    "gross_revenue_amount",
    "refunded_amount",
    "net_revenue_amount",
    "click_through_rate",
    "conversion_rate",
)

ORIGIN_COLUMNS = ("as_of", "complete_through", "publication_id")


def prompts_csv(lines: Iterable[PromptLine], *, days: DateRange, publication: Publication) -> str:
    """The prompts as CSV with exact figures; every row says which days and which publication it is of."""
    header = [*CSV_COLUMNS, f"{RANK_SURFACE}_rank", "date_from", "date_to", *ORIGIN_COLUMNS]
    as_of = publication.data_as_of.isoformat()
    origin = [days.first, days.last, as_of, publication.complete_through, publication.publication_id]
    rows = (
        [*(getattr(line.totals, column) for column in CSV_COLUMNS), line.place.rank if line.place else None, *origin]
        for line in lines
    )
    return csv_lines([header, *rows])


def _require(publication: Publication | None, publication_id: str) -> Publication:
    if publication is None or publication.publication_id != publication_id:
        raise PublicationSuperseded(publication.publication_id if publication else None)
    return publication


def _scope(organization_id: str) -> Scope:
    """What a seller's pages may read: the rows of its own organization."""
    return Scope("seller", organization_id)
