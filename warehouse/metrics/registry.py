"""All metrics, each once."""

from warehouse.metrics.commerce import COMMERCE
from warehouse.metrics.definition import Metric
from warehouse.metrics.opinion import OPINION
from warehouse.metrics.participation import PARTICIPATION
from warehouse.metrics.traffic import TRAFFIC

METRICS: tuple[Metric, ...] = (*TRAFFIC, *COMMERCE, *PARTICIPATION, *OPINION)

_BY_SLUG = {metric.slug: metric for metric in METRICS}


class MetricUnknown(LookupError):
    """No metric has the slug asked for; the message ends with it."""


def metric(slug: str) -> Metric:
    """The metric of a slug, or `MetricUnknown`."""
    try:
        return _BY_SLUG[slug]
    except KeyError:
        raise MetricUnknown(f"no metric has the slug {slug}") from None
