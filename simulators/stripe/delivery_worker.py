"""Takes events to the webhook receiver until it accepts them."""

import asyncio
import json
import time
from collections import deque

import httpx

from simulators.stripe.config import SimulatorConfig
from simulators.stripe.delivery_queue import Delivery, DeliveryQueue, now_ms
from simulators.stripe.fault import FaultBox
from simulators.stripe.object_store import ObjectStore
from simulators.stripe.signature import sign

# Enough to keep the lane busy between two looks into the queue, and few enough to sort at once when shuffled.
_LANE_LENGTH = 500
_WRONG_SECRET = "whsec_not_the_secret_of_the_receiver"  # nosec B105


class DeliveryWorker:
    """Delivers what is due, several at once, in the order of the queue.

    Shuffled deliveries go one at a time, so that they arrive in exactly the order the seed gives.
    """

    def __init__(
        self, *, config: SimulatorConfig, queue: DeliveryQueue, objects: ObjectStore, faults: FaultBox
    ) -> None:
        self._config = config
        self._queue = queue
        self._objects = objects
        self._faults = faults
        self._lane: deque[Delivery] = deque()
        self._under_way: set[int] = set()
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look into the queue again: something was added."""
        self._wake.set()

    def start_over(self) -> None:
        """Order the queue anew: the faults in force have changed."""
        self._lane.clear()
        self._wake.set()

    async def run(self) -> None:
        """Deliver for ever. Cancelling leaves what is under way owed."""
        if self._config.webhook_url is None:
            return
        # Proxies of the environment are for the outside world, not for a receiver on this machine.
        client = httpx.AsyncClient(timeout=self._config.webhook_timeout_seconds, trust_env=False)
        async with client, asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                # One instant for both questions, what is due and what is not yet: nothing may fall between them.
                now = now_ms()
                while (delivery := self._next(now)) is not None:
                    self._under_way.add(delivery.id)
                    group.create_task(self._attempt(client, self._config.webhook_url, delivery))
                await self._wait(now)

    def _next(self, now: int) -> Delivery | None:
        faults = self._faults.current
        width = 1 if faults.webhook_shuffle else self._config.webhook_concurrency
        if faults.webhook_pause or len(self._under_way) >= width:
            return None
        if not self._lane:
            self._lane.extend(self._queue.due(now, limit=_LANE_LENGTH, excluding=self._under_way))
        return self._lane.popleft() if self._lane else None

    async def _wait(self, now: int) -> None:
        next_due = None if self._faults.current.webhook_pause else self._queue.next_due_at_ms(now)
        seconds = None if next_due is None else max(0.0, (next_due - now_ms()) / 1000)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _attempt(self, client: httpx.AsyncClient, url: str, delivery: Delivery) -> None:
        try:
            status, error = await self._post(client, url, delivery)
            self._queue.settle(delivery, status=status, error=error)
        finally:
            self._under_way.discard(delivery.id)
            self._wake.set()

    async def _post(self, client: httpx.AsyncClient, url: str, delivery: Delivery) -> tuple[int | None, str | None]:
        event = self._objects.get("event", delivery.event_id)
        payload = json.dumps(event, indent=2, ensure_ascii=False).encode()
        secret = self._config.webhook_secret or ""
        if self._faults.take("webhook_bad_signature_next"):
            secret = _WRONG_SECRET
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "stripe-signature": sign(payload, secret, int(time.time())),
        }
        try:
            response = await client.post(url, content=payload, headers=headers)
        except httpx.HTTPError as error:
            return None, f"{type(error).__name__}: {error}"
        error_text = None if response.is_success else f"The receiver answered {response.status_code}."
        return response.status_code, error_text
