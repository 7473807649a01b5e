"""Metrics of what buyers think of what they bought."""

from warehouse.metrics.definition import Measure, Metric
from warehouse.metrics.source import REVIEWS

OWNER = "marketplace"

_REVIEWS = Measure("reviews", "count", "*")
_LEFT_OUT = "Reviews that were taken down. A review counts on the day it was written, with the stars it has now."

OPINION: tuple[Metric, ...] = (
    Metric("review_count", "Reviews", "count", _REVIEWS, REVIEWS, OWNER, _LEFT_OUT, is_additive=True),
    Metric(
        "positive_review_rate",
        "Reviews of 4 and 5 stars",
        "ratio",
        Measure("positive_reviews", "count", "1", "rating >= 4"),
        REVIEWS,
        OWNER,
        _LEFT_OUT,
        denominator=_REVIEWS,
        has_interval=True,
    ),
)
