"""Asks every server the service depends on for a sign of life."""

import asyncio
from collections.abc import Awaitable

import structlog
from fastapi.concurrency import run_in_threadpool

from api.lifespan import Resources
from warehouse.marts import read_marts

logger = structlog.get_logger(__name__)

# A server that takes longer than this to say it lives can't serve requests.
CHECK_TIMEOUT_SECONDS = 3.0


async def check_servers(resources: Resources) -> dict[str, str]:
    """`ok` or what is wrong, by server: postgres, redis, warehouse. All are asked at the same time."""
    checks: dict[str, Awaitable[object]] = {
        "postgres": resources.database.ping(),
        "redis": resources.redis.ping(),
        "warehouse": run_in_threadpool(_look_at_warehouse, resources),
    }
    results = await asyncio.gather(*(_outcome(name, check) for name, check in checks.items()))
    return dict(zip(checks, results, strict=True))


def _look_at_warehouse(resources: Resources) -> None:
    with read_marts(resources.marts):
        pass


async def _outcome(name: str, check: Awaitable[object]) -> str:
    try:
        await asyncio.wait_for(check, CHECK_TIMEOUT_SECONDS)
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_SECONDS:g} s"
    except Exception as error:  # every reason not to answer makes it unready
        logger.warning("server_not_ready", server=name, error=f"{type(error).__name__}: {error}")
        return "down"
    return "ok"
