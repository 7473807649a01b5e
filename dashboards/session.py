"""Who is logged in, in the browser session that asks."""

import streamlit as st

from dashboards.account import AccountApi, ApiUnreachable, LogInFailed, Seller
from dashboards.kept_login import KeptLogin
from warehouse.settings import get_settings

LOGIN = "login"
NOTICE = "log_in_notice"


def account_api() -> AccountApi:
    """The API that knows the accounts."""
    return AccountApi(get_settings().public_api_url)


def current_seller() -> Seller | None:
    """Who is logged in; a log-in that is over is renewed, or ended with a notice on the log-in page."""
    login: KeptLogin | None = st.session_state.get(LOGIN)
    if login is None:
        return None
    try:
        return login.current(account_api)
    except LogInFailed as error:
        forget()
        st.session_state[NOTICE] = str(error)
        return None


def remember(seller: Seller) -> None:
    """Log this seller in."""
    st.session_state[LOGIN] = KeptLogin(seller)


def forget() -> None:
    """Leave nothing of a seller in the session: the next one may sit at the same browser."""
    for key in list(st.session_state):
        del st.session_state[key]


def log_out() -> None:
    """End the log-in here, and in the API when it answers."""
    login: KeptLogin | None = st.session_state.get(LOGIN)
    forget()
    if login is None:
        return
    try:
        with account_api() as api:
            api.log_out(login.last_known)
    except ApiUnreachable as error:
        st.session_state[NOTICE] = f"You are logged out here. {error}"


def show_way_on() -> None:
    """A link to where somebody goes who is done here."""
    if LOGIN in st.session_state:
        st.page_link("app_pages/performance.py", label="To your figures")
    else:
        st.page_link("app_pages/log_in.py", label="Log in")


def take_notice() -> str | None:
    """What the log-in page is to tell, once."""
    notice: str | None = st.session_state.pop(NOTICE, None)
    return notice
