"""The metric registry as an answer: what each figure means. The same as long as the process runs."""

from api.analytics.schemas import MetricDetail
from api.cached_answer import CachedAnswer
from api.schema import Page
from warehouse.metrics import METRICS

REGISTRY = Page[MetricDetail](items=[MetricDetail.model_validate(metric) for metric in METRICS], next_cursor=None)
REGISTRY_ANSWER = CachedAnswer(REGISTRY, max_age_seconds=300)
