"""What the pages have in common that links in mails lead to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from dashboards import session
from dashboards.account import AccountApi, LogInFailed

# The link that did what it is for, and what was said of it.
DONE = "mailed_link_done"
LENGTH_HINT = "15 characters or more"
# Who came by the link may have a second factor; only the service knows.
RESET_LENGTH_HINT = "15 characters or more, with a second factor 8"


@contextmanager
def narrow_page(title: str) -> Iterator[None]:
    """The middle of a page, under a title, and a way on below."""
    _, middle, _ = st.columns([1, 1.6, 1])
    with middle:
        st.space("large")
        st.title(title)
        yield
        session.show_way_on()


def is_done(token: str) -> bool:
    """Whether the link was used here; then the page says so, and has nothing that could be pressed again."""
    used, said = st.session_state.get(DONE, (None, ""))
    if used != token:
        return False
    st.success(said, icon=":material/check:")
    return True


def follow(token: str, what: Callable[[AccountApi], None], *, said: str) -> None:
    """Do what the link is for, or say why not."""
    try:
        with session.account_api() as api:
            what(api)
    except LogInFailed as error:
        st.error(str(error), icon=":material/error:")
        return
    st.session_state[DONE] = (token, said)
    st.rerun()
