"""One sample buyer's session with the API."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

TIMEOUT_SECONDS = 60.0


class ApiAnsweredUnexpectedly(Exception):
    """The API refused something a buyer may do; the message holds its answer."""


class Buyer:
    """A buyer with a company and a log-in of its own."""

    def __init__(self, api_url: str, *, name: str) -> None:
        # Only the API named here is called, whatever proxy the machine is configured for.
        self._http = httpx.Client(base_url=f"{api_url}/api/v1", timeout=TIMEOUT_SECONDS, trust_env=False)
        self._session_id = str(uuid4())
        self.name = name

    def close(self) -> None:
        """End the session."""
        self._http.close()

    def sign_up(self) -> None:
        """Register a new company and go on with its token."""
        email = f"{self.name.lower().replace(' ', '.')}.{uuid4().hex[:8]}@example.com"
        tokens = self._post(
            "/auth/register",
            {"email": email, "password": f"sample buyer {uuid4().hex}", "company_name": self.name, "role": "buyer"},
        )
        self._http.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def rankings(self, surface: str = "top") -> dict[str, Any]:
        """A ranked list with its receipt."""
        return self._get("/marketplace/rankings", surface=surface, limit=20)

    def browse(self) -> dict[str, Any]:
        """The newest prompts with their receipt."""
        return self._get("/marketplace/browse", limit=20)

    def search(self, query: str) -> dict[str, Any]:
        """What a search finds."""
        return self._get("/marketplace/search", q=query, limit=20)

    def click(self, prompt_id: str, *, position: int, receipt_id: str) -> None:
        """Choose an item of a served list, and look at its page."""
        self._post(
            "/analytics/events",
            {
                "event_id": str(uuid4()),
                "event_name": "prompt.clicked",
                "occurred_at": datetime.now(UTC).isoformat(),
                "session_id": self._session_id,
                "prompt_id": prompt_id,
                "properties": {"position": position, "receipt_id": receipt_id},
            },
        )
        self._get(f"/prompts/{prompt_id}")

    def buy(self, prompt_id: str, *, receipt_id: str) -> dict[str, Any]:
        """Buy a prompt; the order."""
        return self._post("/marketplace/purchase", {"prompt_id": prompt_id, "receipt_id": receipt_id})

    def send_back(self, order_id: str) -> dict[str, Any]:
        """Ask for the money back."""
        return self._post(f"/marketplace/orders/{order_id}/refund", {"reason": "requested_by_customer"})

    def _get(self, path: str, **parameters: Any) -> dict[str, Any]:
        return _answer(self._http.get(path, params=parameters))

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return _answer(self._http.post(path, json=body))


def _answer(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        request = response.request
        raise ApiAnsweredUnexpectedly(f"{request.method} {request.url.path}: {response.status_code} {response.text}")
    found: dict[str, Any] = response.json()
    return found
