"""The routes that anybody may call, each with the reason. Every other route must name a permission."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

from api.auth.permission import Access

CATALOGUE = "The catalogue is open to everybody"
DOCUMENTATION = "Describes the service and holds nothing of anybody"
PROOF_IN_BODY = "The body holds the proof of who is asking"

PUBLIC_ROUTES: Mapping[tuple[str, str], str] = {
    ("POST", "/api/v1/auth/register"): "Nobody has an account before it",
    ("POST", "/api/v1/auth/login"): PROOF_IN_BODY,
    ("POST", "/api/v1/auth/refresh"): PROOF_IN_BODY,
    ("POST", "/api/v1/auth/logout"): "The access token may be over; then the body holds the refresh token",
    ("POST", "/api/v1/auth/verification/confirm"): PROOF_IN_BODY,
    ("POST", "/api/v1/auth/password-reset"): "Whoever forgot the password can't log in; the answer goes out by mail",
    ("POST", "/api/v1/auth/password-reset/confirm"): PROOF_IN_BODY,
    ("POST", "/api/v1/auth/invitations/accept"): PROOF_IN_BODY,
    ("GET", "/api/v1/prompts/{prompt_id}"): CATALOGUE,
    ("GET", "/api/v1/marketplace/browse"): CATALOGUE,
    ("GET", "/api/v1/marketplace/search"): CATALOGUE,
    ("GET", "/api/v1/marketplace/categories"): CATALOGUE,
    ("GET", "/api/v1/marketplace/rankings"): CATALOGUE,
    ("GET", "/api/v1/marketplace/prompts/{prompt_id}/reviews"): CATALOGUE,
    ("POST", "/api/v1/webhooks/stripe"): "Stripe signs the body",
    ("GET", "/health/live"): "Asked by what runs the service",
    ("GET", "/health/ready"): "Asked by what runs the service",
    ("GET", "/metrics"): "Asked by what runs the service; counts and durations alone",
    ("GET", "/openapi.json"): DOCUMENTATION,
    ("GET", "/docs"): DOCUMENTATION,
    ("GET", "/docs/oauth2-redirect"): DOCUMENTATION,
    ("GET", "/redoc"): DOCUMENTATION,
}


def list_routes(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str, RouteContext]]:
    """Method and path template of everything that is routed, with what FastAPI knows of it."""
    for context in iter_route_contexts(routes):
        for method in sorted((getattr(context, "methods", None) or set()) - {"HEAD"}):
            yield method, str(context.path), context


def access_of(context: Any) -> Access | None:
    """The permission a route names, if any."""
    route = getattr(context, "original_route", context)
    return _find_access(route.dependant) if isinstance(route, APIRoute) else None


def _find_access(dependant: Dependant) -> Access | None:
    for each in dependant.dependencies:
        found = each.call if isinstance(each.call, Access) else _find_access(each)
        if found is not None:
            return found
    return None
