"""The charts. Days are UTC days wherever the reader's browser is."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import altair as alt

from dashboards.figure import decimals
from warehouse.marts import Contribution, PerformanceTotals
from warehouse.metrics import metric

Day = tuple[date, PerformanceTotals]

REVENUE_HEIGHT = 280
COUNT_HEIGHT = 150
BAR_HEIGHT = 30

# Beyond, a day and a month no longer say which year is meant.
DAYS_WITHOUT_YEAR = 300

NET_COLOR = "#1d5fd1"
REFUNDED_COLOR = "#e08a3c"

COMPONENT_LABELS = {
    "demand": "Recent demand",
    "momentum": "Momentum",
    "click_through": "Click-through",
    "conversion": "Conversion",
    "refund_penalty": "Refunds",
    "freshness": "Freshness",
}


def revenue_chart(days: Sequence[Day], currency: str) -> alt.LayerChart:
    """Gross revenue per day, split into what stayed and what was refunded."""
    rows = [
        {
            "day": when.isoformat(),
            "net": float(totals.net_revenue_amount),
            "refunded": float(totals.refunded_amount),
            "gross": float(totals.gross_revenue_amount),
            "orders": totals.order_count,
        }
        for when, totals in days
    ]
    net, refunded = metric("net_revenue_amount").label, metric("refunded_amount").label
    money = f",.{decimals(currency)}f"
    base = _chart(rows).encode(x=_day_axis(days))
    tooltip = [
        alt.Tooltip("utcyearmonthdate(day):T", title="Day"),
        alt.Tooltip("orders:Q", title=metric("order_count").label, format=","),
        alt.Tooltip("gross:Q", title=metric("gross_revenue_amount").label, format=money),
        alt.Tooltip("refunded:Q", title=refunded, format=money),
        alt.Tooltip("net:Q", title=net, format=money),
    ]
    colors = alt.Scale(domain=[net, refunded], range=[NET_COLOR, REFUNDED_COLOR])
    color = alt.Color("what:N", scale=colors, legend=alt.Legend(orient="top", title=None))
    axis = alt.Axis(format=",.2~f", tickCount=5, grid=True)
    bottom = (
        base.transform_calculate(what=f"'{net}'")
        .mark_bar()
        .encode(y=alt.Y("net:Q", title=currency, axis=axis), color=color, tooltip=tooltip)
    )
    top = (
        base.transform_calculate(what=f"'{refunded}'")
        .mark_bar()
        .encode(y=alt.Y("net:Q"), y2=alt.Y2("gross:Q"), color=color, tooltip=tooltip)
    )
    return alt.LayerChart(layer=[bottom, top]).properties(height=REVENUE_HEIGHT)


def count_chart(days: Sequence[Day], slug: str) -> alt.Chart:
    """One count per day, on a scale of its own: impressions would flatten orders."""
    label = metric(slug).label
    rows = [{"day": when.isoformat(), "count": getattr(totals, slug)} for when, totals in days]
    chart = _chart(rows).properties(title=alt.TitleParams(label, anchor="start", fontSize=13), height=COUNT_HEIGHT)
    area = chart.mark_area(line={"color": NET_COLOR}, color=NET_COLOR, opacity=0.18)
    encoded: alt.Chart = area.encode(
        x=_day_axis(days),
        y=alt.Y("count:Q", title=None, axis=alt.Axis(tickCount=3, tickMinStep=1, format="~s")),
        tooltip=[
            alt.Tooltip("utcyearmonthdate(day):T", title="Day"),
            alt.Tooltip("count:Q", title=label, format=","),
        ],
    )
    return encoded


def contributions_chart(contributions: Sequence[Contribution]) -> alt.LayerChart:
    """What each component adds to a score, in the order of their size."""
    rows: list[dict[str, Any]] = [
        {**part, "label": COMPONENT_LABELS.get(part["component"], part["component"])}
        for part in sorted(contributions, key=lambda part: -abs(part["contribution"]))
    ]
    base = _chart(rows).encode(
        y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=160, ticks=False, domain=False)),
        x=alt.X("contribution:Q", title="Points", axis=alt.Axis(tickCount=5)),
        tooltip=[
            alt.Tooltip("label:N", title="Component"),
            alt.Tooltip("value:Q", title="Measured", format=".4~g"),
            alt.Tooltip("reference:Q", title="Compared with", format=".4~g"),
            alt.Tooltip("weight:Q", title="Weight"),
            alt.Tooltip("contribution:Q", title="Points", format="+.4f"),
        ],
    )
    color = alt.when("datum.contribution < 0").then(alt.value(REFUNDED_COLOR)).otherwise(alt.value(NET_COLOR))
    bars = base.mark_bar(height={"band": 0.6}).encode(color=color)
    labels = (
        base.mark_text(align="left", dx=6)
        .encode(x=alt.X("end:Q"), text=alt.Text("contribution:Q", format="+.3f"))
        .transform_calculate(end="max(datum.contribution, 0)")
    )
    return alt.LayerChart(layer=[bars, labels]).properties(height=BAR_HEIGHT * max(len(rows), 1) + 40)


def _chart(rows: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.Data(values=rows))  # type: ignore[no-untyped-call]


def _day_axis(days: Sequence[Day]) -> alt.X:
    form = "%b %Y" if len(days) > DAYS_WITHOUT_YEAR else "%-d %b"
    return alt.X("utcyearmonthdate(day):T", title=None, axis=alt.Axis(format=form, labelOverlap=True, grid=False))
