"""`/health/live`, `/health/ready`, `/metrics`."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from api.dependencies import Resources
from api.errors import problem_responses
from api.health import service
from api.health.backlog import measure_backlog
from api.health.errors import NotReady
from api.health.schemas import Liveness, Readiness

router = APIRouter(tags=["health"])


@router.get("/health/live", summary="Whether the process answers")
async def live() -> Liveness:
    """Asks nobody else."""
    return Liveness()


@router.get("/health/ready", summary="Whether the service can do its work", responses=problem_responses(NotReady))
async def ready(resources: Resources) -> Readiness:
    """Asks Postgres, Redis and the warehouse; 503 names which of them is down."""
    checks = await service.check_servers(resources)
    if any(result != "ok" for result in checks.values()):
        raise NotReady(checks)
    return Readiness(checks={name: "ok" for name in checks})


@router.get("/metrics", summary="Measurements for Prometheus", response_class=Response)
async def metrics(resources: Resources) -> Response:
    """Prometheus' text format: requests, and what waits in the outbox and in the event journal."""
    await measure_backlog(resources)
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
