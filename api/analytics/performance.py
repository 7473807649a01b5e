"""Reads figures from the marts. Plain functions over one connection, run in threads."""

from datetime import date
from uuid import UUID

from api.analytics.schemas import Dashboard, DayFigures, Figures, PromptFigures, PromptPerformance
from warehouse.marts import DateRange, Marts, MartsConnections, PerformanceDay, read_marts, sum_days
from warehouse.tenancy import Scope

# Stand in for a bound that was not asked for.
FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)


def read_prompt_performance(
    connections: MartsConnections, scope: Scope, prompt_id: UUID, days: DateRange, currency: str | None
) -> PromptPerformance:
    """A prompt's days and totals. Raises `MartsUnavailable`."""
    with read_marts(connections, scope) as marts:
        found = marts.prompt_performance(str(prompt_id), date_from=days.first, date_to=days.last)
        wanted = _of_currency(found, currency)
        return PromptPerformance(
            **_origin(marts, days, wanted),
            prompt_id=prompt_id,
            items=[DayFigures.model_validate(day) for day in wanted],
            totals=[Figures.model_validate(total) for total in sum_days(wanted)],
        )


def read_dashboard(
    connections: MartsConnections,
    scope: Scope,
    organization_id: UUID,
    days: DateRange,
    currency: str | None,
    *,
    prompts_limit: int,
) -> Dashboard:
    """A seller's days, totals and prompts, all of one publication. Raises `MartsUnavailable`."""
    seller = str(organization_id)
    with read_marts(connections, scope) as marts:
        found = marts.seller_performance(seller, date_from=days.first, date_to=days.last)
        wanted = _of_currency(found, currency)
        prompts = marts.seller_prompts(
            seller, date_from=days.first, date_to=days.last, currency=currency, limit=prompts_limit
        )
        return Dashboard(
            **_origin(marts, days, wanted),
            seller_organization_id=organization_id,
            totals=[Figures.model_validate(total) for total in sum_days(wanted)],
            days=[DayFigures.model_validate(day) for day in wanted],
            prompts=[PromptFigures.model_validate(prompt) for prompt in prompts],
        )


def _of_currency(days: list[PerformanceDay], currency: str | None) -> list[PerformanceDay]:
    return days if currency is None else [day for day in days if day.currency == currency]


def _origin(marts: Marts, asked: DateRange, found: list[PerformanceDay]) -> dict[str, object]:
    """Which publication and which days: those asked for, and where none were, those with activity."""
    first = found[0].performance_date if found else None
    last = found[-1].performance_date if found else None
    return {
        **published(marts),
        "date_from": first if asked.first == FIRST_DAY else asked.first,
        "date_to": last if asked.last == LAST_DAY else asked.last,
    }


def published(marts: Marts) -> dict[str, object]:
    """Which publication figures are of, and how far it is complete."""
    publication = marts.publication
    return {
        "as_of": publication.data_as_of if publication else None,
        "publication_id": publication.publication_id if publication else None,
        "complete_through": publication.complete_through if publication else None,
    }
