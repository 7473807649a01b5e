"""The log-in page."""

import streamlit as st

from dashboards import session
from dashboards.account import LogInFailed, SecondFactorNeeded

# Set once the API said that this account needs a code.
NEEDS_CODE = "log_in_needs_code"


def show() -> None:
    """A form; whoever the API takes for a seller is remembered and sees the figures."""
    _, middle, _ = st.columns([1, 1.6, 1])
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
            code = None
            if st.session_state.get(NEEDS_CODE):
                code = st.text_input("Code", placeholder="123 456", autocomplete="one-time-code", key="code")
            asked = st.form_submit_button("Log in", type="primary", width="stretch")
        if asked:
            log_in(email, password, code)
        st.page_link("app_pages/reset_password.py", label="Forgot your password?")
        st.caption("No account yet? Companies register as sellers through the API.")


def log_in(email: str, password: str, code: str | None) -> None:
    """Log in and go on, or say why not."""
    if not email.strip() or not password:
        st.warning("Enter your e-mail and your password.", icon=":material/edit:")
        return
    try:
        with st.spinner("Logging in …"), session.account_api() as api:
            seller = api.log_in(email, password, code=code)
    except SecondFactorNeeded as error:
        ask_for_code(str(error))
        return
    except LogInFailed as error:
        st.error(str(error), icon=":material/error:")
        return
    st.session_state.pop(NEEDS_CODE, None)
    session.remember(seller)
    st.rerun()


def ask_for_code(why: str) -> None:
    """Show the field for the code, or say what was wrong with the one that was sent."""
    if st.session_state.get(NEEDS_CODE):
        st.error(why, icon=":material/error:")
        return
    st.session_state[NEEDS_CODE] = True
    st.session_state[session.NOTICE] = why
    st.rerun()


show()
