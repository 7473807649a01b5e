"""Where the link of a verification mail leads."""

import streamlit as st

from dashboards.mailed_page import follow, is_done, narrow_page


def show() -> None:
    """A button, because programs that look at mails follow links, but press nothing."""
    # With a hyphen at which no line is broken.
    with narrow_page("Verify your e\u2011mail"):
        token = st.query_params.get("token")
        if not token:
            st.warning("Open this page with the link in the mail.", icon=":material/mail:")
        elif not is_done(token) and st.button("This address is mine", type="primary", key="verify"):
            follow(token, lambda api: api.verify_email(token), said="Your e-mail is verified.")


show()
