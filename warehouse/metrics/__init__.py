"""The metric registry: what each figure means, once.

Readers compute from it, pages label with it, `docs/metrics.md` and the views of the analysts' snapshot are made of it.
"""

from warehouse.metrics.definition import DIMENSIONS, GRAINS, Dimension, Grain, Measure, Metric, Source
from warehouse.metrics.interval import Interval, wilson_interval
from warehouse.metrics.registry import METRICS, MetricUnknown, metric
from warehouse.metrics.statement import Days, MetricNotCutBy, figures_statement

__all__ = [
    "DIMENSIONS",
    "GRAINS",
    "METRICS",
    "Days",
    "Dimension",
    "Grain",
    "Interval",
    "Measure",
    "Metric",
    "MetricNotCutBy",
    "MetricUnknown",
    "Source",
    "figures_statement",
    "metric",
    "wilson_interval",
]
