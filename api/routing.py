"""What the routes of all features share."""

from fastapi import APIRouter
from starlette.types import Scope

from api.errors import ApiError, BodyMalformed, ValidationFailed, problem_responses

API_PREFIX = "/api/v1"
# Stands for every path that is no route, so that scanners don't make a metric or an event name each.
UNMATCHED_ROUTE = "unmatched"


def feature_router(name: str, *errors: type[ApiError]) -> APIRouter:
    """A router under `/api/v1/<name>`; `errors` are those any of its routes may answer with.

    The prefix belongs to the router and is not added on inclusion, so that a route knows its full path template.
    """
    return APIRouter(
        prefix=f"{API_PREFIX}/{name}",
        tags=[name],
        responses=problem_responses(BodyMalformed, ValidationFailed, *errors),
    )


def route_template(scope: Scope) -> str:
    """The path template of the route that took the request, such as `/api/v1/prompts/{prompt_id}`."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    return path if isinstance(path, str) and path else UNMATCHED_ROUTE
