"""The dashboards: `python -m dashboards`."""

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboards import session
from dashboards.account import Seller
from dashboards.figure import plain


def main() -> None:
    """Show the log-in page to strangers and the seller's pages to sellers."""
    st.set_page_config(page_title="Prompt marketplace", page_icon=":material/storefront:", layout="wide")
    seller = session.current_seller()
    if seller is None:
        log_in = st.Page("app_pages/log_in.py", title="Log in", icon=":material/login:", default=True)
        st.navigation([log_in, *mailed_pages()], position="hidden").run()
        return
    performance = st.Page("app_pages/performance.py", title="Performance", icon=":material/monitoring:", default=True)
    page = st.navigation([performance, *mailed_pages()], position="hidden")
    show_account(seller)
    page.run()


def mailed_pages() -> list[StreamlitPage]:
    """Where links in mails lead; their names are part of what the API mails."""
    return [
        st.Page("app_pages/verify_email.py", title="Verify your e-mail", url_path="verify-email"),
        st.Page("app_pages/reset_password.py", title="New password", url_path="reset-password"),
        st.Page("app_pages/accept_invitation.py", title="Join your company", url_path="accept-invitation"),
    ]


def show_account(seller: Seller) -> None:
    """Whose figures these are, and the way out. On top, because a sidebar would take its width from the figures."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(seller.organization_name)}**", width="stretch")
        st.text(seller.email, width="content")
        st.button("Log out", icon=":material/logout:", on_click=session.log_out, key="log_out")


main()
