"""How the Stripe SDK reaches Stripe."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import stripe

CONNECT_TIMEOUT_SECONDS = 5.0
# A payment that is confirmed at once waits for the buyer's bank.
READ_TIMEOUT_SECONDS = 15.0


class StripeHttpClient(stripe.HTTPClient):
    """The SDK's requests over one pool of connections.

    A stand-in on this machine is called without the proxies of the environment, which are for the outside world.
    """

    name = "httpx"

    def __init__(self, *, is_local: bool) -> None:
        super().__init__()
        timeout = httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS)
        self._http = httpx.AsyncClient(timeout=timeout, trust_env=not is_local)

    async def sleep_async(self, secs: float) -> None:
        """Wait between two attempts."""
        await asyncio.sleep(secs)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One attempt. The SDK repeats it under the same idempotency key when no answer came."""
        try:
            response = await self._http.request(method, url, headers=headers, content=post_data)
        except httpx.HTTPError as error:
            reason = f"Stripe gave no answer ({type(error).__name__})"
            raise stripe.APIConnectionError(reason, should_retry=True) from error  # type: ignore[no-untyped-call]
        return response.content, response.status_code, response.headers

    async def close_async(self) -> None:
        """Close the connections."""
        await self._http.aclose()
