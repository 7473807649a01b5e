"""The OpenAPI document: says who may call what, and that errors are problem documents, as they are."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problem import MEDIA_TYPE
from api.public_routes import access_of, list_routes
from api.rate_limit.policy import route_limit
from api.routing import ServiceRoute

FIRST_ERROR_STATUS = 400
UNAVAILABLE = "A server this needs does not answer just now; `Retry-After` says when to try again"
TOO_LARGE = "The body is larger than the service takes"

REFUSALS = {
    "401": "Login required; Token invalid; Token expired; Login ended; Api key invalid",
    "403": "Role not allowed; Scope missing; Api key not allowed",
}
PROBLEM_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}


def install_openapi(app: FastAPI) -> None:
    """Replace FastAPI's document by ours, made once, on first use."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            _tell_access(document, app)
            _tell_limits(document)
            _tell_rates(document, app)
            app.openapi_schema = _with_problem_media_type(document)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _tell_access(document: dict[str, Any], app: FastAPI) -> None:
    """Say of each operation who may call it, and that others are refused."""
    for method, path, route in list_routes(app.routes):
        operation = document["paths"].get(path, {}).get(method.lower())
        access = access_of(route)
        if operation is None:
            continue
        if access is None:
            # Public: what is sent of an identity is used, and none is needed.
            if "security" in operation:
                operation["security"].insert(0, {})
            continue
        operation["x-permission"] = {
            "scope": access.scope,
            "roles": list(access.roles),
            "api_keys": access.takes_api_keys,
        }
        for status, said in REFUSALS.items():
            operation["responses"].setdefault(status, {"description": said, "content": PROBLEM_CONTENT})


def _tell_limits(document: dict[str, Any]) -> None:
    """Say what any operation may answer with, whatever it does: its servers may be down, its body too large."""
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("503", {"description": UNAVAILABLE, "content": PROBLEM_CONTENT})
            if "requestBody" in operation:
                operation["responses"].setdefault("413", {"description": TOO_LARGE, "content": PROBLEM_CONTENT})


def _tell_rates(document: dict[str, Any], app: FastAPI) -> None:
    """Say how often a caller may ask, before what the settings of a service multiply it by."""
    for method, path, context in list_routes(app.routes):
        operation = document["paths"].get(path, {}).get(method.lower())
        route = getattr(context, "original_route", context)
        if operation is not None and isinstance(route, ServiceRoute):
            operation["x-rate-limit"] = route.limit or route_limit(method)


def _with_problem_media_type(document: dict[str, Any]) -> dict[str, Any]:
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status.isdigit() and int(status) >= FIRST_ERROR_STATUS and "application/json" in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
    return document
