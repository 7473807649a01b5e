"""Views of the metric registry in a snapshot: one for each metric and what it is cut by, day by day."""

import duckdb

from warehouse.metrics import METRICS, Dimension, Metric, figures_statement

VIEW_SCHEMA = "metrics"

# What a row is of, as its view calls it; a view of the whole has no such column.
_KEYS: dict[Dimension, str | None] = {
    "marketplace": None,
    "category": "category",
    "seller": "seller_organization_id",
    "prompt": "prompt_id",
}


def view_name(metric: Metric, dimension: Dimension) -> str:
    """The name of a view in its schema: `order_count`, `order_count_by_category`."""
    return metric.slug if dimension == "marketplace" else f"{metric.slug}_by_{dimension}"


def create_metric_views(database: duckdb.DuckDBPyConnection) -> None:
    """Make the views anew, for every metric whose marts the snapshot has."""
    database.execute(f"drop schema if exists {VIEW_SCHEMA} cascade")
    database.execute(f"create schema {VIEW_SCHEMA}")
    for metric in METRICS:
        for dimension in metric.dimensions:
            try:
                database.execute(_view_statement(metric, dimension))
            except (duckdb.CatalogException, duckdb.BinderException):
                # A build without these marts, such as one of an earlier version that was restored.
                continue
            comment = f"{metric.label}, {metric.grain}. Leaves out: {metric.leaves_out}".replace("'", "''")
            database.execute(f"comment on view {VIEW_SCHEMA}.{view_name(metric, dimension)} is '{comment}'")


def _view_statement(metric: Metric, dimension: Dimension) -> str:
    key = _KEYS[dimension]
    columns = ["period_start as day", *([f"dimension_value as {key}"] if key else []), "currency", "value"]
    if metric.denominator is not None:
        columns += ["numerator", "denominator"]
    return (
        f"create view {VIEW_SCHEMA}.{view_name(metric, dimension)} as\nselect {', '.join(columns)}\n"  # nosec B608
        f"from (\n{figures_statement(metric, dimension)}\n) as figures"
    )
