"""Does what the outbox holds beside the requests, beginning with what an earlier process left."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from api.lane import Lane
from api.lifespan import Resources
from api.outbox import repository
from api.outbox.repository import Claimed
from api.tenancy import PLATFORM

logger = structlog.get_logger(__name__)


class TaskImpossible(Exception):
    """The task can never be done; trying again would not help."""


# Does one task. It may be done twice, after a process died in the middle, and must not mind.
Handler = Callable[[Resources, dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Route:
    """Tasks that share a lane: an outage at one place does not hold up what goes to another."""

    handlers: Mapping[str, Handler]
    # Attempts until a task is given up; None for what is tried until it succeeds.
    attempts_max: int | None


class OutboxLane(Lane):
    """Does the tasks of one route as they become due."""

    def __init__(self, resources: Resources, route: Route) -> None:
        super().__init__(resources.outbox.listen())
        self._resources = resources
        self._database = resources.database
        self._route = route
        self._kinds = tuple(route.handlers)

    async def handle_next(self) -> bool:
        """Do the task that is due longest; whether there was one."""
        async with self._database.writing(PLATFORM) as session:
            task = await repository.claim(session, self._kinds)
        if task is None:
            return False
        try:
            await self._route.handlers[task.kind](self._resources, task.payload)
        except asyncio.CancelledError:
            async with self._database.writing(PLATFORM) as session:
                await repository.release(session, task)
            raise
        except TaskImpossible as error:
            await self._give_up(task, str(error))
        except Exception as error:  # a task that can't be done must not stop the others
            await self._fail(task, f"{type(error).__name__}: {error}")
        else:
            async with self._database.writing(PLATFORM) as session:
                await repository.finish(session, task)
        return True

    async def _fail(self, task: Claimed, error: str) -> None:
        if self._route.attempts_max is not None and task.attempt >= self._route.attempts_max:
            await self._give_up(task, error)
            return
        logger.warning("task_failed", task_id=task.id, kind=task.kind, attempt=task.attempt, error=error)
        async with self._database.writing(PLATFORM) as session:
            await repository.postpone(session, task, error)

    async def _give_up(self, task: Claimed, error: str) -> None:
        logger.error("task_given_up", task_id=task.id, kind=task.kind, attempt=task.attempt, error=error)
        async with self._database.writing(PLATFORM) as session:
            await repository.give_up(session, task, error)

    async def seconds_until_next(self) -> float | None:
        """How long until a task is due; None when none waits."""
        async with self._database.reading(PLATFORM) as session:
            return await repository.seconds_until_next(session, self._kinds)
