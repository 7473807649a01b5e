"""Where the link of an invitation leads."""

import streamlit as st

from dashboards import session
from dashboards.account import LogInFailed


def show() -> None:
    """A form for the password of the new account."""
    _, middle, _ = st.columns([1, 1.1, 1])
    with middle:
        st.space("large")
        st.title("Join your company")
        token = st.query_params.get("token")
        if not token:
            st.warning("Open this page with the link in the mail.", icon=":material/mail:")
        else:
            ask_for_password(token)
        session.show_way_on()


def ask_for_password(token: str) -> None:
    """Make the account of whoever has the link."""
    with st.form("join"):
        password = st.text_input("Choose a password", type="password", autocomplete="new-password")
        asked = st.form_submit_button("Join", type="primary", width="stretch")
    if not asked or not password:
        return
    try:
        with session.account_api() as api:
            api.accept_invitation(token, password)
    except LogInFailed as error:
        st.error(str(error), icon=":material/error:")
        return
    st.success("Your account is ready. Log in with your e-mail and this password.", icon=":material/check:")


show()
