"""Where the link of a verification mail leads."""

import streamlit as st

from dashboards import session
from dashboards.account import LogInFailed


def show() -> None:
    """A button, because programs that look at mails follow links, but press nothing."""
    _, middle, _ = st.columns([1, 1.1, 1])
    with middle:
        st.space("large")
        st.title("Verify your e-mail")
        token = st.query_params.get("token")
        if not token:
            st.warning("Open this page with the link in the mail.", icon=":material/mail:")
        elif st.button("This address is mine", type="primary", key="verify"):
            verify(token)
        session.show_way_on()


def verify(token: str) -> None:
    """Verify, or say why not."""
    try:
        with session.account_api() as api:
            api.verify_email(token)
    except LogInFailed as error:
        st.error(str(error), icon=":material/error:")
        return
    st.success("Your e-mail is verified.", icon=":material/check:")


show()
