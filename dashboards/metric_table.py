"""Every metric of the registry that can be told of a seller, day by day."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import streamlit as st

from dashboards import figure
from warehouse.marts import Figure
from warehouse.metrics import METRICS, Metric

DAY_COLUMN = "day"


def metric_rows(figures: Iterable[Figure], currency: str) -> list[dict[str, Any]]:
    """One row a day, the newest first, with a column for each metric; figures of other currencies are left out.

    Numbers are floats from here on: they are only looked at.
    """
    rows: dict[date, dict[str, Any]] = {}
    for each in figures:
        if each.currency in (None, currency):
            row = rows.setdefault(each.period_start, {DAY_COLUMN: each.period_start})
            row[each.metric] = None if each.value is None else float(each.value)
    return [rows[day] for day in sorted(rows, reverse=True)]


def show_metrics(figures: Iterable[Figure], currency: str) -> None:
    """The table, closed until somebody opens it."""
    rows = metric_rows(figures, currency)
    with st.expander("Every metric, day by day", icon=":material/table_chart:"):
        st.dataframe(rows, hide_index=True, column_config=_columns(currency), key="metrics")


def _columns(currency: str) -> dict[str, Any]:
    columns: dict[str, Any] = {DAY_COLUMN: st.column_config.DateColumn("Day", pinned=True)}
    for entry in METRICS:
        help_text = f"Leaves out: {entry.leaves_out}"
        columns[entry.slug] = st.column_config.NumberColumn(
            entry.label, format=_format(entry, currency), help=help_text
        )  # fmt: skip
    return columns


def _format(entry: Metric, currency: str) -> str:
    if entry.unit == "ratio":
        return "percent"
    if entry.unit == "currency":
        return f"{figure.SYMBOLS.get(currency, f'{currency} ')}%,.{figure.decimals(currency)}f"
    return "%,d"
