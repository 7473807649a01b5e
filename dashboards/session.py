"""Who is logged in, in the browser session that asks."""

from datetime import UTC, datetime

import streamlit as st

from dashboards.account import AccountApi, ApiUnreachable, LogInFailed, Seller
from warehouse.settings import get_settings

SELLER = "seller"
NOTICE = "log_in_notice"


def account_api() -> AccountApi:
    """The API that knows the accounts."""
    return AccountApi(get_settings().public_api_url)


def current_seller() -> Seller | None:
    """Who is logged in; a log-in that is over is renewed, or ended with a notice on the log-in page."""
    seller: Seller | None = st.session_state.get(SELLER)
    if seller is None or not seller.must_renew(datetime.now(UTC)):
        return seller
    try:
        with account_api() as api:
            renewed = api.renew(seller)
    except LogInFailed as error:
        forget()
        st.session_state[NOTICE] = str(error)
        return None
    remember(renewed)
    return renewed


def remember(seller: Seller) -> None:
    """Log this seller in."""
    st.session_state[SELLER] = seller


def forget() -> None:
    """Leave nothing of a seller in the session: the next one may sit at the same browser."""
    for key in list(st.session_state):
        del st.session_state[key]


def log_out() -> None:
    """End the log-in here, and in the API when it answers."""
    seller: Seller | None = st.session_state.get(SELLER)
    forget()
    if seller is None:
        return
    try:
        with account_api() as api:
            api.log_out(seller)
    except ApiUnreachable as error:
        st.session_state[NOTICE] = f"You are logged out here. {error}"


def take_notice() -> str | None:
    """What the log-in page is to tell, once."""
    notice: str | None = st.session_state.pop(NOTICE, None)
    return notice
