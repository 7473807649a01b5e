"""A forgotten password: asks for the link, and takes the new password of whoever came by it."""

import streamlit as st

from dashboards import session
from dashboards.account import LogInFailed
from dashboards.mailed_page import RESET_LENGTH_HINT, follow, is_done, narrow_page


def show() -> None:
    """One of two forms: with a token in the address the second."""
    with narrow_page("New password"):
        token = st.query_params.get("token")
        if not token:
            ask_for_link()
        elif not is_done(token):
            set_password(token)


def ask_for_link() -> None:
    """Have a link mailed."""
    with st.form("ask"):
        email = st.text_input("E-mail", placeholder="you@company.com", autocomplete="username")
        asked = st.form_submit_button("Send me a link", type="primary", width="stretch")
    if not asked or not email.strip():
        return
    try:
        with session.account_api() as api:
            api.ask_for_reset(email)
    except LogInFailed as error:
        st.error(str(error), icon=":material/error:")
        return
    st.success("If there is an account for this address, a link is on its way.", icon=":material/mail:")


def set_password(token: str) -> None:
    """Set the password of whoever has the link."""
    with st.form("set"):
        password = st.text_input(
            "New password", type="password", autocomplete="new-password", placeholder=RESET_LENGTH_HINT
        )
        revokes_keys = st.checkbox(
            "Revoke the API keys I made as well", help="Programs that use them stop working until they get new ones."
        )
        asked = st.form_submit_button("Set the password", type="primary", width="stretch")
    if asked and password:
        said = "Your new password is set. Log in with it."
        follow(token, lambda api: api.reset_password(token, password, revokes_keys=revokes_keys), said=said)


show()
