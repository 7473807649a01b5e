"""How a seller's prompts perform."""

import streamlit as st

from dashboards import figure, metric_table, section, session, source
from dashboards.account import Seller
from dashboards.data import History, PublicationSuperseded, compare
from warehouse.marts import MartsUnavailable
from warehouse.servers import ServerStartFailed, ServerUnreachable
from warehouse.tenancy import RoleRefused


def show(seller: Seller) -> None:
    """The page, or the one sentence why there is none."""
    st.title("Performance")
    try:
        publication = source.publication()
        if publication is None:
            st.info(
                "Nothing has been published yet. Figures appear here after the first pipeline run (`make pipeline`).",
                icon=":material/hourglass_empty:",
            )
            return
        show_history(seller, source.history(seller.organization_id, publication.publication_id))
    except PublicationSuperseded:
        # Newer figures came while this page was made.
        st.rerun()
    except (ServerStartFailed, ServerUnreachable, RoleRefused) as error:
        st.error(str(error), icon=":material/error:")
    except MartsUnavailable as error:
        source.ensure_running()
        st.error(str(error), icon=":material/error:")
        st.button("Try again", icon=":material/refresh:")


def show_history(seller: Seller, history: History) -> None:
    """Every figure of the seller in one publication."""
    available = history.available
    if available is None:
        st.info("None of your prompts was shown, opened or bought yet.", icon=":material/hourglass_empty:")
        section.show_origin(history.publication, None)
        return
    days, currency = section.choose(history, available)
    if days is None:
        st.info("Choose the first and the last day.", icon=":material/date_range:")
        return
    activity = [day for day in history.between(days) if day.currency == currency]
    section.show_key_figures(history, days, compare(history, days, currency))
    if not activity:
        st.info(
            f"Nothing happened in {currency} in {figure.days(days)}. Your data runs from {figure.days(available)}.",
            icon=":material/event_busy:",
        )
    else:
        section.show_charts(history, days, currency)
    lines = source.prompts(seller.organization_id, history.publication.publication_id, days, currency)
    section.show_prompts(lines, days, history)
    section.show_places(lines, history)
    figures = source.figures(seller.organization_id, history.publication.publication_id, days)
    metric_table.show_metrics(figures, currency)
    section.show_origin(history.publication, available.last)


seller = session.current_seller()
if seller is not None:
    show(seller)
