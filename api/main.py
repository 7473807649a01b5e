"""The service: `uvicorn api.main:app`. This file composes and does nothing else."""

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware

from api.admin.endpoints import router as admin_router
from api.analytics.endpoints import router as analytics_router
from api.audit.endpoints import ROUTERS as AUDIT_ROUTERS
from api.auth.endpoints import ROUTERS as AUTH_ROUTERS
from api.auth.last_use import write_last_use
from api.health.endpoints import router as health_router
from api.idempotency.worker import forget_answers
from api.lifespan import Worker, create_lifespan
from api.marketplace.endpoints import ROUTERS as MARKETPLACE_ROUTERS
from api.middleware.access_log import AccessLogMiddleware
from api.middleware.auth import AuthMiddleware
from api.middleware.body_limit import BodyLimitMiddleware
from api.middleware.cached_answer import CachedAnswerMiddleware
from api.middleware.cors import CorsMiddleware
from api.middleware.failure import FailureMiddleware
from api.middleware.head import HeadMiddleware
from api.middleware.head_limit import HeadLimitMiddleware
from api.middleware.plain_text import PlainTextMiddleware
from api.middleware.request_id import RequestIdMiddleware
from api.middleware.security_headers import SecurityHeadersMiddleware
from api.middleware.start import StartMiddleware
from api.middleware.timeout import TimeoutMiddleware
from api.middleware.tracking import TrackingMiddleware
from api.moderation.endpoints import ROUTERS as MODERATION_ROUTERS
from api.openapi import install_openapi
from api.organizations.endpoints import ROUTERS as ORGANIZATION_ROUTERS
from api.outbox.tasks import empty_outbox
from api.own_data.endpoints import ROUTERS as OWN_DATA_ROUTERS
from api.payments.ledger.worker import read_ledger
from api.problem import install_error_handlers
from api.prompts.endpoints import router as prompts_router
from api.route_index import RouteIndex
from api.webhooks.endpoints import router as webhooks_router
from api.webhooks.worker import handle_webhooks
from warehouse.settings import Settings

ROUTERS = (
    *AUTH_ROUTERS,
    *ORGANIZATION_ROUTERS,
    prompts_router,
    *MARKETPLACE_ROUTERS,
    analytics_router,
    *AUDIT_ROUTERS,
    admin_router,
    *MODERATION_ROUTERS,
    *OWN_DATA_ROUTERS,
    webhooks_router,
    health_router,
)
ROUTES = tuple(route for router in ROUTERS for route in router.routes)

# Run beside the requests, as long as the service does.
WORKERS: tuple[Worker, ...] = (handle_webhooks, read_ledger, forget_answers, empty_outbox, write_last_use)

# From the outermost to the innermost. The order is part of what they promise:
# - an answer of any of them has an id, is logged, measured and tracked, and carries the headers of those around it;
# - what is cheap to refuse is refused first, and nothing reads a body before its size and time are bounded;
# - a failure is turned into a problem document inside of what notes the status, and outside of what may fail;
# - who asks is known last. Limits and idempotency keys come after it, on each route (see `api.routing`).
MIDDLEWARE = (
    Middleware(StartMiddleware),
    Middleware(RequestIdMiddleware),
    Middleware(AccessLogMiddleware),
    Middleware(SecurityHeadersMiddleware),
    Middleware(CorsMiddleware),
    Middleware(TrackingMiddleware),
    Middleware(FailureMiddleware),
    Middleware(HeadLimitMiddleware),
    Middleware(TimeoutMiddleware),
    Middleware(BodyLimitMiddleware),
    Middleware(PlainTextMiddleware),
    Middleware(AuthMiddleware),
    Middleware(CachedAnswerMiddleware, routes=ROUTES),
    Middleware(HeadMiddleware),
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """A service with these settings; by default those of the environment, read when it starts."""
    # The documentation pages bring their scripts along, so that they work without the internet.
    app = FastAPIOffline(
        title="Prompt marketplace",
        version="1.0.0",
        description="Companies sell and buy AI prompts here, and every number can be traced to where it came from.",
        lifespan=create_lifespan(settings, WORKERS),
        middleware=list(MIDDLEWARE),
        # A redirect would lead to whatever host the request names.
        redirect_slashes=False,
    )
    for router in ROUTERS:
        app.include_router(router)
    app.router.routes.insert(0, RouteIndex(ROUTES))
    install_error_handlers(app)
    install_openapi(app)
    return app


app = create_app()
