"""The reads over the marts of one publication."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, TypeVar

import psycopg
from psycopg.rows import DictRow, class_row

from warehouse.marts.figure import Figure, FigureQuery, Place, published_marts, read_figures, stream_figures
from warehouse.marts.row import (
    DateRange,
    PerformanceDay,
    PerformanceTotals,
    Prompt,
    PromptTotals,
    Publication,
    RankedPrompt,
)
from warehouse.metrics import metric
from warehouse.metrics.commerce import PURCHASED_CLICKS

Row = TypeVar("Row")

ALL_SEGMENT = "all"
"""The one segment of every surface but `category`, whose segments are the categories."""

PROMPTS_LIMIT = 100
RANKING_LIMIT = 20

# Composed of column names and formulas of this project alone; what a reader asks for travels as parameters.
_DAY_COLUMNS = ", ".join(field.name for field in fields(PerformanceDay))
# Over a group without days every sum is null: no activity where figures add up, nothing to divide by for a rate.
_TOTAL_FORMS = {
    "count": "coalesce({formula}, 0)::bigint as {slug}",
    "currency": "coalesce({formula}, 0)::numeric as {slug}",
    "ratio": "{formula} as {slug}",
}
_OTHER_THAN_METRICS = ("currency", "purchased_click_count")
_TOTAL_COLUMNS = ",\n            ".join(
    _TOTAL_FORMS[entry.unit].format(formula=entry.formula, slug=entry.slug)
    for entry in (metric(field.name) for field in fields(PerformanceTotals) if field.name not in _OTHER_THAN_METRICS)
)
_PURCHASED = f"coalesce({PURCHASED_CLICKS.formula}, 0)::bigint as purchased_click_count"

# What an earlier version published says nothing of `data_as_of`, not even as a column: then it was `as_of`.
_PUBLICATION = """
    select
        publication_id, as_of, coalesce((to_jsonb(publications) ->> 'data_as_of')::timestamptz, as_of) as data_as_of,
        finished_at, policy_version
    from marts.publications
    where status = 'current'
    order by finished_at desc
    limit 1
"""

_PROMPT = """
    select
        prompt_id, external_id, title, category, seller_organization_id, status, price_amount, currency,
        current_version, published_at, created_at
    from marts.dim_prompts
    where prompt_id = %(prompt_id)s and valid_to is null
"""

_RANKED = """
    select
        ranks.surface, ranks.segment, ranks.rank, ranks.prompt_id, prompts.title, prompts.category,
        prompts.seller_organization_id, ranks.score, ranks.contributions, ranks.policy_version
    from marts.rank_prompts as ranks
    inner join marts.dim_prompts as prompts on ranks.prompt_id = prompts.prompt_id and prompts.valid_to is null
"""

_RANKING = f"""
    {_RANKED}
    where ranks.surface = %(surface)s and ranks.segment = %(segment)s and ranks.rank > %(after_rank)s
    order by ranks.rank
    limit %(limit)s
"""

_PROMPT_RANKS = f"""
    {_RANKED}
    where ranks.prompt_id = %(prompt_id)s
    order by ranks.surface, ranks.segment
"""

_RANKS_OF = f"""
    {_RANKED}
    where
        ranks.surface = %(surface)s
        and ranks.segment = %(segment)s
        and ranks.prompt_id = any(%(prompt_ids)s)
    order by ranks.rank
"""

_PROMPT_DAYS = f"""
    select {_DAY_COLUMNS}
    from marts.agg_prompts_performance_daily
    where prompt_id = %(prompt_id)s and performance_date between %(date_from)s and %(date_to)s
    order by performance_date, currency
"""  # nosec B608

_SELLER_DAYS = f"""
    select {_DAY_COLUMNS}
    from marts.agg_sellers_performance_daily
    where seller_organization_id = %(seller_organization_id)s and performance_date between %(date_from)s and %(date_to)s
    order by performance_date, currency
"""  # nosec B608

# Prompts nobody saw are listed too, in their list currency: that they were not seen is what their seller wants to know.
_SELLER_PROMPTS = f"""
    with prompts as (
        select prompt_id, title, category, status, currency as list_currency
        from marts.dim_prompts
        where seller_organization_id = %(seller_organization_id)s and valid_to is null
    ),
    days as (
        select *
        from marts.agg_prompts_performance_daily
        where
            prompt_id in (select prompt_id from prompts)
            and performance_date between %(date_from)s and %(date_to)s
    ),
    totals as (
        select
            prompts.prompt_id,
            prompts.title,
            prompts.category,
            prompts.status,
            coalesce(days.currency, prompts.list_currency) as currency,
            {_PURCHASED},
            {_TOTAL_COLUMNS}
        from prompts
        left join days on prompts.prompt_id = days.prompt_id
        group by 1, 2, 3, 4, 5
    )
    select *
    from totals
    where currency = coalesce(%(currency)s, currency)
    order by
        row_number() over (
            partition by currency
            order by net_revenue_amount desc, order_count desc, impression_count desc, title, prompt_id
        ),
        currency
    limit %(limit)s
"""  # nosec B608


@dataclass(frozen=True, slots=True)
class _Bounds:
    first: date | None
    last: date | None


def find_publication(connection: psycopg.Connection[DictRow]) -> Publication | None:
    """The publication that stands; raises `psycopg.errors.UndefinedTable` before the first one."""
    with connection.cursor(row_factory=class_row(Publication)) as cursor:
        return cursor.execute(_PUBLICATION).fetchone()


class Marts:
    """The marts inside one transaction; obtained from `read_marts`. Ids are the text of their UUID."""

    def __init__(self, connection: psycopg.Connection[DictRow] | None, publication: Publication | None) -> None:
        self._connection = connection
        self.publication = publication

    def ranking(
        self, surface: str, segment: str = ALL_SEGMENT, *, after_rank: int = 0, limit: int = RANKING_LIMIT
    ) -> list[RankedPrompt]:
        """The places below `after_rank` of one list, best first. The segments of `category` are the categories."""
        parameters = {"surface": surface, "segment": segment, "after_rank": after_rank, "limit": limit}
        return self._rows(RankedPrompt, _RANKING, parameters)

    def prompt(self, prompt_id: str) -> Prompt | None:
        """One prompt, or None when the publication does not have it."""
        found = self._rows(Prompt, _PROMPT, {"prompt_id": prompt_id})
        return found[0] if found else None

    def prompt_ranks(self, prompt_id: str) -> list[RankedPrompt]:
        """Every list a prompt stands in, ordered by surface and segment."""
        return self._rows(RankedPrompt, _PROMPT_RANKS, {"prompt_id": prompt_id})

    def ranks_of(self, prompt_ids: Sequence[str], *, surface: str, segment: str = ALL_SEGMENT) -> list[RankedPrompt]:
        """The places of some prompts in one list, best first; prompts that are not in it are missing."""
        parameters = {"prompt_ids": list(prompt_ids), "surface": surface, "segment": segment}
        return self._rows(RankedPrompt, _RANKS_OF, parameters)

    def prompt_performance(self, prompt_id: str, *, date_from: date, date_to: date) -> list[PerformanceDay]:
        """A prompt's days with activity between two days, both included, ordered by day and currency."""
        return self._rows(PerformanceDay, _PROMPT_DAYS, {"prompt_id": prompt_id, **_between(date_from, date_to)})

    def seller_performance(
        self, seller_organization_id: str, *, date_from: date, date_to: date
    ) -> list[PerformanceDay]:
        """A seller's days with activity between two days, both included, ordered by day and currency."""
        parameters = {"seller_organization_id": seller_organization_id, **_between(date_from, date_to)}
        return self._rows(PerformanceDay, _SELLER_DAYS, parameters)

    def seller_prompts(
        self,
        seller_organization_id: str,
        *,
        date_from: date,
        date_to: date,
        currency: str | None = None,
        limit: int = PROMPTS_LIMIT,
    ) -> list[PromptTotals]:
        """Totals per prompt and currency, those with the highest net revenue of each currency first.

        Prompts without activity between the two days are listed with zeros in their list currency.
        """
        parameters = {
            "seller_organization_id": seller_organization_id,
            "currency": currency,
            "limit": limit,
            **_between(date_from, date_to),
        }
        return self._rows(PromptTotals, _SELLER_PROMPTS, parameters)

    def days_with_facts(self) -> DateRange | None:
        """From the first day on which anything happened to the last, None before the first."""
        if self._connection is None or self.publication is None or "dim_dates" not in published_marts(self._connection):
            return None
        [found] = self._rows(_Bounds, "select min(date_day) as first, max(date_day) as last from marts.dim_dates", {})
        return None if found.first is None or found.last is None else DateRange(found.first, found.last)

    def figures(self, query: FigureQuery, *, after: Place | None = None, limit: int) -> list[Figure]:
        """Figures of the registry below a place in their list, metric by metric. Raises `MetricNotCutBy`."""
        if self._connection is None or self.publication is None:
            return []
        return read_figures(self._connection, query, after=after, limit=limit)

    def stream_figures(self, query: FigureQuery) -> Iterator[Figure]:
        """All figures, in memory that does not grow with them. Raises `MetricNotCutBy`."""
        if self._connection is not None and self.publication is not None:
            yield from stream_figures(self._connection, query)

    def _rows(self, row: type[Row], query: str, parameters: Mapping[str, Any]) -> list[Row]:
        if self._connection is None or self.publication is None:
            return []
        with self._connection.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute(query, parameters).fetchall()


def _between(date_from: date, date_to: date) -> dict[str, date]:
    return {"date_from": date_from, "date_to": date_to}
