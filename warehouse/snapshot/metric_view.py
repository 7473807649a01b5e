"""Views of the metric registry in a snapshot: one for each metric and what it is cut by, day by day."""

import duckdb

from warehouse.metrics import METRICS, Dimension, Metric, figures_statement
from warehouse.snapshot.comment import Comment, write_comments

VIEW_SCHEMA = "metrics"

# What a row is of, as its view calls it; a view of the whole has no such column.
_KEYS: dict[Dimension, str | None] = {
    "marketplace": None,
    "category": "category",
    "seller": "seller_organization_id",
    "prompt": "prompt_id",
}
_KEY_COMMENTS: dict[Dimension, str] = {
    "category": "The category; empty for prompts without one.",
    "seller": "The company that sells; marts.dim_organizations has its name.",
    "prompt": "The prompt; marts.dim_prompts has its title.",
}


def view_name(metric: Metric, dimension: Dimension) -> str:
    """The name of a view in its schema: `order_count`, `order_count_by_category`."""
    return metric.slug if dimension == "marketplace" else f"{metric.slug}_by_{dimension}"


def create_metric_views(database: duckdb.DuckDBPyConnection) -> None:
    """Make the views anew, for every metric whose marts the snapshot has."""
    database.execute(f"drop schema if exists {VIEW_SCHEMA} cascade")
    database.execute(f"create schema {VIEW_SCHEMA}")
    comments: list[Comment] = []
    for metric in METRICS:
        for dimension in metric.dimensions:
            try:
                database.execute(_view_statement(metric, dimension))
            except (duckdb.CatalogException, duckdb.BinderException):
                # A build without these marts, such as one of an earlier version that was restored.
                continue
            comments += _comments(metric, dimension)
    write_comments(database, comments)


def _comments(metric: Metric, dimension: Dimension) -> list[Comment]:
    """What a view and each of its columns are about."""
    view = f"{VIEW_SCHEMA}.{view_name(metric, dimension)}"
    window = f" It is the last of {metric.window_days}." if metric.window_days else ""
    ratio = "; null with nothing to divide by" if metric.denominator is not None else ""
    columns = {
        "day": f"The day in UTC.{window}",
        **({key: _KEY_COMMENTS[dimension]} if (key := _KEYS[dimension]) else {}),
        "currency": "The currency the figure is of; null where its facts have none.",
        "value": f"{metric.label}: {metric.formula}{ratio}.",
    }
    if metric.denominator is not None:
        columns["numerator"] = f"What is divided: {metric.measure.formula}."
        columns["denominator"] = f"By what it is divided: {metric.denominator.formula}."
    return [
        Comment(view, f"{metric.label}, {metric.grain_by(dimension)}. Leaves out: {metric.leaves_out}"),
        *(Comment(view, text, column) for column, text in columns.items()),
    ]


def _view_statement(metric: Metric, dimension: Dimension) -> str:
    key = _KEYS[dimension]
    columns = ["period_start as day", *([f"dimension_value as {key}"] if key else []), "currency", "value"]
    if metric.denominator is not None:
        columns += ["numerator", "denominator"]
    return (
        f"create view {VIEW_SCHEMA}.{view_name(metric, dimension)} as\nselect {', '.join(columns)}\n"  # nosec B608
        f"from (\n{figures_statement(metric, dimension)}\n) as figures"
    )
