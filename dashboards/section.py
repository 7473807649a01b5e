"""The parts of the performance page, top to bottom."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from dashboards import chart, figure
from dashboards.data import (
    PROMPTS_SHOWN,
    RANK_SURFACE,
    Comparison,
    History,
    PromptLine,
    by_rank,
    fill_days,
    last_days,
    length,
    period_before,
    prompts_csv,
    total,
)
from dashboards.key_figure import KeyFigure, key_figures
from warehouse.marts import DateRange, Publication, RankedPrompt
from warehouse.metrics import metric

PERIODS: dict[str, int | None] = {"7 days": 7, "28 days": 28, "90 days": 90, "All": None}
DEFAULT_PERIOD = "28 days"
OWN_PERIOD = "Custom"

DAILY_COUNTS = ("impression_count", "click_count", "view_count", "order_count")
PLACES_PER_PAGE = 10
# Beside cards of width 1: an amount in the millions must not be cut.
WIDE_CARD = 1.6

# In pixels, so that all columns fit on the screen of a laptop.
NUMBER_WIDTH = 100
TEXT_WIDTH = 130
TITLE_WIDTH = 330
BAR_WIDTH = 190


def show_origin(publication: Publication, through: date | None) -> None:
    """Under every figure: how far its data goes and which run it is of."""
    st.caption(figure.origin(publication, through))


def choose(history: History, available: DateRange) -> tuple[DateRange | None, str]:
    """The days and the currency to show; no days while only one end of an own period is chosen."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        period = st.segmented_control(
            "Period", [*PERIODS, OWN_PERIOD], default=DEFAULT_PERIOD, required=True, key="period"
        )
        chosen = last_days(available, PERIODS.get(period or DEFAULT_PERIOD))
        days: DateRange | None = chosen
        if period == OWN_PERIOD:
            days = _own_period(available)
        currencies = history.currencies
        currency = currencies[0]
        if len(currencies) > 1:
            currency = (
                st.segmented_control("Currency", currencies, default=currencies[0], required=True, key="currency")
                or currencies[0]
            )
    return days, currency


def _own_period(available: DateRange) -> DateRange | None:
    default = last_days(available, PERIODS[DEFAULT_PERIOD])
    picked = st.date_input(
        "First and last day",
        value=(default.first, default.last),
        min_value=available.first,
        max_value=available.last,
        format="YYYY-MM-DD",
        key="own_period",
        width=260,
    )
    return DateRange(picked[0], picked[1]) if isinstance(picked, tuple) and len(picked) == 2 else None


def show_key_figures(history: History, days: DateRange, compared: Comparison) -> None:
    """The key figures beside those of the period before."""
    others = [total(history.between(days), other) for other in history.currencies if other != compared.current.currency]
    found = key_figures(compared, others)
    widths = [WIDE_CARD if key_figure.is_money else 1.0 for key_figure in found]
    for column, key_figure in zip(st.columns(widths), found, strict=True):
        with column:
            _show_card(key_figure)
    if compared.previous is None:
        st.caption("No comparison: your data does not cover a period of equal length before this one.")
    else:
        st.caption(f"Changes are against the {length(days)} days before: {figure.days(period_before(days))}.")
    _show_origin_of(history)


def _show_card(shown: KeyFigure) -> None:
    entry = metric(shown.slug)
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.metric(
            entry.label,
            figure.markdown(shown.value),
            delta=figure.markdown(shown.change) if shown.change else None,
            delta_color="inverse" if shown.is_bad else "normal",
            help=f"Leaves out: {entry.leaves_out}",
        )
        st.caption(figure.markdown(shown.note))


def show_charts(history: History, days: DateRange, currency: str) -> None:
    """What happened day by day."""
    filled = fill_days(history.between(days), span=days, currency=currency)
    st.subheader("Day by day")
    revenue, funnel = st.tabs(["Revenue", "From impression to order"])
    with revenue:
        st.altair_chart(chart.revenue_chart(filled, currency))
    with funnel:
        columns = st.columns(2)
        for number, slug in enumerate(DAILY_COUNTS):
            columns[number % 2].altair_chart(chart.count_chart(filled, slug))
    _show_origin_of(history)


def show_prompts(lines: Sequence[PromptLine], days: DateRange, history: History) -> None:
    """The prompts as a table, and as a file."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.subheader("Prompts")
        st.download_button(
            "Download CSV",
            prompts_csv(lines, days=days, publication=history.publication),
            file_name=f"prompts_{days.first}_{days.last}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    if not lines:
        st.info("None of your prompts is sold in this currency.", icon=":material/inventory_2:")
        return
    currency = lines[0].totals.currency
    st.dataframe(
        {name: [_cells(line)[name] for line in lines] for name in _cells(lines[0])},
        hide_index=True,
        placeholder=figure.NOTHING,
        column_config=_column_config(lines, currency),
    )
    if len(lines) == PROMPTS_SHOWN:
        st.caption(f"The {PROMPTS_SHOWN:,} prompts with the highest net revenue.")
    _show_origin_of(history)


def _cells(line: PromptLine) -> dict[str, Any]:
    """One row of the table. Numbers are floats from here on: they are only looked at."""
    totals = line.totals
    return {
        "title": totals.title,
        "category": totals.category,
        "rank": line.place.rank if line.place else None,
        "impressions": totals.impression_count,
        "click_through_rate": totals.click_through_rate,
        "orders": totals.order_count,
        "net_revenue": float(totals.net_revenue_amount),
    }


def _column_config(lines: Sequence[PromptLine], currency: str) -> dict[str, Any]:
    highest_rate = max((line.totals.click_through_rate or 0.0 for line in lines), default=0.0)
    highest_revenue = max(float(line.totals.net_revenue_amount) for line in lines)
    symbol = figure.SYMBOLS.get(currency, f"{currency} ")
    return {
        "title": st.column_config.TextColumn("Prompt", width=TITLE_WIDTH),
        "category": st.column_config.TextColumn("Category", width=TEXT_WIDTH),
        "rank": st.column_config.NumberColumn(
            f"Rank in {RANK_SURFACE}",
            format="%,d",
            width=NUMBER_WIDTH,
            help="1 is best, among the prompts of all sellers",
        ),
        "impressions": st.column_config.NumberColumn(
            metric("impression_count").label,
            format="%,d",
            width=NUMBER_WIDTH,
            help=metric("impression_count").leaves_out,
        ),
        "click_through_rate": st.column_config.ProgressColumn(
            metric("click_through_rate").label,
            format="percent",
            width=BAR_WIDTH,
            min_value=0.0,
            max_value=highest_rate or 1.0,
        ),
        "orders": st.column_config.NumberColumn(metric("order_count").label, format="%,d", width=NUMBER_WIDTH),
        "net_revenue": st.column_config.ProgressColumn(
            metric("net_revenue_amount").label,
            width=BAR_WIDTH,
            format=f"{symbol}%,.{figure.decimals(currency)}f",
            min_value=0.0,
            max_value=highest_revenue if highest_revenue > 0 else 1.0,
        ),
    }


def show_places(lines: Sequence[PromptLine], history: History) -> None:
    """Why each prompt stands where it stands."""
    ranked = by_rank(lines)
    st.subheader("Why your prompts rank where they do")
    if not ranked:
        st.info("None of these prompts is ranked yet.", icon=":material/leaderboard:")
        return
    pages = -(-len(ranked) // PLACES_PER_PAGE)
    page = st.pagination(pages, key="places_page") if pages > 1 else 1
    for line in ranked[(page - 1) * PLACES_PER_PAGE : page * PLACES_PER_PAGE]:
        if line.place is not None:
            _show_place(line.place)
    _show_origin_of(history)


def _show_place(place: RankedPrompt) -> None:
    label = f"**{place.rank:,}** · {figure.plain(place.title)} · score {place.score:.3f}"
    with st.expander(label):
        st.altair_chart(chart.contributions_chart(place.contributions), key=f"place_{place.prompt_id}")
        st.caption(
            f"Rank {place.rank:,} of the list {place.surface}: the points of its parts add up to the score of "
            f"{place.score:.6g}. Policy `{place.policy_version}`."
        )


def _show_origin_of(history: History) -> None:
    show_origin(history.publication, history.available.last if history.available else None)
