"""What the routes of all features share."""

import re
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.cached_answer import CachedAnswer
from api.dependencies import open_platform_write_session, open_write_session
from api.errors import (
    ApiError,
    BodyMalformed,
    BodyNotJson,
    BodyTooLarge,
    BodyTooSlow,
    HeadersTooLarge,
    RequestTimedOut,
    UrlTooLong,
    ValidationFailed,
    problem_responses,
)
from api.headers import header
from api.idempotency.attempt import Answer, Attempt
from api.idempotency.errors import CONFLICTS
from api.middleware.idempotency import WRITING_METHODS, IdempotencyMiddleware
from api.middleware.rate_limit import RateLimitMiddleware
from api.public_routes import access_of
from api.rate_limit.errors import RateLimitExceeded
from api.strict_json import StrictRequest

API_PREFIX = "/api/v1"
# Stands for every path that is no route, so that scanners don't make a metric or an event name each.
UNMATCHED_ROUTE = "unmatched"

UNITS_OF_WORK = (open_write_session, open_platform_write_session)
JSON_TYPE = re.compile(rb"\s*application/([\w.+-]+\+)?(json|x-ndjson)\s*(;|$)", re.IGNORECASE)

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ServiceRoute(APIRoute):
    """A route with the manners all have: it is limited, and a write takes an `Idempotency-Key`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if WRITING_METHODS & set(options.get("methods") or ()):
            options["responses"] = _with_conflicts(
                problem_responses(BodyNotJson, BodyTooLarge, BodyTooSlow) | (options.get("responses") or {})
            )
            options["openapi_extra"] = _with_key_parameter(options.get("openapi_extra") or {})
        super().__init__(path, endpoint, **options)
        can_resume = _has_unit_of_work(self.dependant) or getattr(endpoint, "is_repeatable", False)
        # Limited first, so that a request that is refused costs no more than being counted.
        cached: CachedAnswer | None = getattr(endpoint, "cached_answer", None)
        self.is_ready = cached is not None
        inner: ASGIApp
        if cached is None:
            inner = IdempotencyMiddleware(super().handle, can_resume=can_resume)
        else:
            inner = cached.app(access_of(self))
        self.limit: str | None = getattr(endpoint, "rate_limit", None)
        self.guarded = RateLimitMiddleware(inner, route=path, limit=self.limit)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request; one of another method is refused before its key is looked at."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        if self.body_field is not None:
            _require_json(scope)
        elif "requestBody" in (self.openapi_extra or {}) and header(scope, b"content-type") is not None:
            # A route that reads the bytes itself takes them from programs that name no type, but not as another type.
            _require_json(scope)
        await self.guarded(scope, receive, send)

    def get_route_handler(self) -> Handler:
        """The handler, and after it the answer kept in the transaction that has the effect."""
        handle = super().get_route_handler()

        async def handle_and_keep(request: Request) -> Response:
            response = await handle(StrictRequest(request.scope, request.receive))
            state = request.scope["state"]
            attempt: Attempt | None = state.get("idempotent_attempt")
            session = state.get("write_session")
            if attempt is not None and session is not None:
                answer = Answer(response.status_code, response.raw_headers, bytes(response.body))
                await request.app.state.resources.idempotency.record(session, attempt, answer)
            return response

        return handle_and_keep


def _require_json(scope: Scope) -> None:
    """Raise `BodyNotJson` when there is a body of another type."""
    headers = dict(scope["headers"])
    if headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers:
        return
    if not JSON_TYPE.match(headers.get(b"content-type", b"")):
        raise BodyNotJson("The body must be JSON: send 'Content-Type: application/json'")
    if headers.get(b"content-encoding", b"").strip().lower() not in (b"", b"identity"):
        raise BodyNotJson("The body must not be compressed: send it without 'Content-Encoding'")


def repeatable(endpoint: Endpoint) -> Endpoint:
    """Marks a handler without a `WriteSession` that can be run again after it was interrupted."""
    endpoint.is_repeatable = True  # type: ignore[attr-defined]
    return endpoint


def limited(limit: str) -> Callable[[Endpoint], Endpoint]:
    """Gives a route a limit of its own, one of `api.rate_limit.policy`, for each caller."""

    def give(endpoint: Endpoint) -> Endpoint:
        endpoint.rate_limit = limit  # type: ignore[attr-defined]
        return endpoint

    return give


def _has_unit_of_work(dependant: Dependant) -> bool:
    return dependant.call in UNITS_OF_WORK or any(map(_has_unit_of_work, dependant.dependencies))


def _with_conflicts(responses: dict[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    (conflict,) = problem_responses(*CONFLICTS).values()
    own = responses.get(409)
    said = "; ".join(each["description"] for each in (own, conflict) if each)
    return {**responses, 409: {**conflict, "description": said}}


def _with_key_parameter(extra: dict[str, Any]) -> dict[str, Any]:
    parameter = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Sent again with the same key, the request has no second effect and gets the same answer",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    }
    return {**extra, "parameters": [*extra.get("parameters", []), parameter]}


def feature_router(name: str, *errors: type[ApiError]) -> APIRouter:
    """A router under `/api/v1/<name>`; `errors` are those any of its routes may answer with.

    The prefix belongs to the router and is not added on inclusion, so that a route knows its full path template.
    """
    return APIRouter(
        prefix=f"{API_PREFIX}/{name}",
        tags=[name],
        responses=problem_responses(
            BodyMalformed, ValidationFailed, RateLimitExceeded, UrlTooLong, HeadersTooLarge, RequestTimedOut, *errors
        ),
        route_class=ServiceRoute,
    )


def route_template(scope: Scope) -> str:
    """The path template of the route that took the request, such as `/api/v1/prompts/{prompt_id}`."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    return path if isinstance(path, str) and path else UNMATCHED_ROUTE
