"""The parts of one running simulator, put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from simulators.stripe.config import SimulatorConfig
from simulators.stripe.database import Database
from simulators.stripe.delivery_queue import DeliveryQueue
from simulators.stripe.delivery_worker import DeliveryWorker
from simulators.stripe.event_log import EventLog
from simulators.stripe.expand import Expander
from simulators.stripe.fault import FaultBox
from simulators.stripe.gateway import Gateway
from simulators.stripe.object_store import ObjectStore
from simulators.stripe.resources import KINDS


class Simulator:
    """Opens the data file when made; delivers while ``running``."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.database = Database(config.data)
        self.objects = ObjectStore(self.database)
        self.faults = FaultBox(config.seed)
        self.deliveries = DeliveryQueue(self.database, config, self.faults)
        self.events = EventLog(self.objects, self.deliveries)
        self.worker = DeliveryWorker(config=config, queue=self.deliveries, objects=self.objects, faults=self.faults)
        self.gateway = Gateway(
            database=self.database,
            objects=self.objects,
            events=self.events,
            faults=self.faults,
            expander=Expander(KINDS, self.objects),
            on_change=self.worker.wake,
        )
        self._delivering: asyncio.Task[None] | None = None

    def has_stopped_delivering(self) -> bool:
        """Whether the worker died; it ends by itself only when there is nobody to deliver to."""
        task = self._delivering
        return self.config.webhook_url is not None and (task is None or task.done())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver webhooks inside, and release the data file at the end."""
        self._delivering = asyncio.create_task(self.worker.run(), name="stripe-webhook-worker")
        try:
            yield
        finally:
            self._delivering.cancel()
            try:
                with suppress(asyncio.CancelledError):
                    await self._delivering
            finally:
                self.database.close()
