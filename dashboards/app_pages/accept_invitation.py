"""Where the link of an invitation leads."""

import streamlit as st

from dashboards.mailed_page import LENGTH_HINT, follow, is_done, narrow_page


def show() -> None:
    """A form for the password of the new account."""
    with narrow_page("Join your company"):
        token = st.query_params.get("token")
        if not token:
            st.warning("Open this page with the link in the mail.", icon=":material/mail:")
        elif not is_done(token):
            ask_for_password(token)


def ask_for_password(token: str) -> None:
    """Make the account of whoever has the link."""
    with st.form("join"):
        password = st.text_input(
            "Choose a password", type="password", autocomplete="new-password", placeholder=LENGTH_HINT
        )
        asked = st.form_submit_button("Join", type="primary", width="stretch")
    if asked and password:
        said = "Your account is ready. Log in with your e-mail and this password."
        follow(token, lambda api: api.accept_invitation(token, password), said=said)


show()
