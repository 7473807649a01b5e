"""Typed readers of schema `marts`: the only way the API and the dashboards read figures.

with read_marts(connections) as marts:
    if marts.publication is not None:
        days = marts.seller_performance(organization_id, date_from=first, date_to=last)
"""

from warehouse.marts.connection import MartsConnections, MartsUnavailable, read_marts
from warehouse.marts.figure import Figure, FigureQuery, Place
from warehouse.marts.reader import Marts
from warehouse.marts.row import (
    Contribution,
    DateRange,
    PerformanceDay,
    PerformanceTotals,
    Prompt,
    PromptTotals,
    Publication,
    RankedPrompt,
)
from warehouse.marts.total import no_activity, sum_days

__all__ = [
    "Contribution",
    "DateRange",
    "Figure",
    "FigureQuery",
    "Marts",
    "MartsConnections",
    "MartsUnavailable",
    "PerformanceDay",
    "PerformanceTotals",
    "Place",
    "Prompt",
    "PromptTotals",
    "Publication",
    "RankedPrompt",
    "no_activity",
    "read_marts",
    "sum_days",
]
