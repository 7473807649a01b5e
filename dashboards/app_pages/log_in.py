"""The log-in page."""

import streamlit as st

from dashboards import session
from dashboards.account import LogInFailed


def show() -> None:
    """A form; whoever the API takes for a seller is remembered and sees the figures."""
    _, middle, _ = st.columns([1, 1.1, 1])
    with middle:
        st.space("large")
        st.title("Prompt marketplace")
        st.markdown("Log in to see how your prompts perform.")
        notice = session.take_notice()
        if notice:
            st.info(notice, icon=":material/info:")
        with st.form("log_in"):
            email = st.text_input("E-mail", placeholder="you@company.com", autocomplete="username")
            password = st.text_input("Password", type="password", autocomplete="current-password")
            asked = st.form_submit_button("Log in", type="primary", width="stretch")
        if asked:
            log_in(email, password)
        st.caption("No account yet? Companies register as sellers through the API.")


def log_in(email: str, password: str) -> None:
    """Log in and go on, or say why not."""
    if not email.strip() or not password:
        st.warning("Enter your e-mail and your password.", icon=":material/edit:")
        return
    try:
        with st.spinner("Logging in …"), session.account_api() as api:
            seller = api.log_in(email, password)
    except LogInFailed as error:
        st.error(str(error), icon=":material/error:")
        return
    session.remember(seller)
    st.rerun()


show()
