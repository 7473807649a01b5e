"""A log-in that several runs of a page share. Knows nothing of Streamlit."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

from dashboards.account import AccountApi, Seller


class KeptLogin:
    """Holds a seller's tokens and renews them, one run at a time.

    A refresh token is good once and its second use ends the log-in. Streamlit starts a new run of a page while the old
    one still waits for an answer, and throws away what the old one writes to the session's state afterwards: so the
    tokens are kept in this one object, which both runs hold.
    """

    def __init__(self, seller: Seller) -> None:
        self._seller = seller
        self._renewing = Lock()

    @property
    def last_known(self) -> Seller:
        """The seller with the newest tokens, which may be over."""
        return self._seller

    def current(self, open_api: Callable[[], AccountApi]) -> Seller:
        """The seller with tokens that are good. Raises `LogInFailed` when they can't be renewed."""
        with self._renewing:
            if self._seller.must_renew(datetime.now(UTC)):
                with open_api() as api:
                    self._seller = api.renew(self._seller)
            return self._seller
