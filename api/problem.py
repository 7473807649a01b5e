"""Turns every way a request can fail into a problem document."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg.errors import ForeignKeyViolation
from sqlalchemy.exc import DataError, IntegrityError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from api.database import DATABASE_DOWN
from api.errors import (
    ApiError,
    BodyMalformed,
    BodyTooLarge,
    BodyTooSlow,
    FieldProblem,
    LoginRequired,
    ServiceUnavailable,
    ValidationFailed,
)
from api.routing import route_template
from warehouse.journal import JournalUnavailable
from warehouse.marts import MartsUnavailable

logger = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
# A body can be wrong in a thousand places; nobody reads more than these.
FIELD_PROBLEMS_MAX = 50
FIELD_NAME_MAX_LENGTH = 200
RETRY_AFTER_SECONDS = "5"


def problem_response(
    scope: Scope,
    *,
    status: int,
    title: str,
    detail: str,
    type: str = "about:blank",  # noqa: A002 - the member's name in RFC 9457
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Response:
    """A problem document as a response."""
    document: dict[str, Any] = {
        "type": type,
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": scope.get("state", {}).get("request_id", ""),
    }
    if errors:
        document["errors"] = [error.model_dump() for error in errors]
    # Escaped to ASCII: what a client sent may come back here, lone surrogates included.
    content = json.dumps({**document, **(extra or {})}, ensure_ascii=True).encode()
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def error_response(scope: Scope, error: ApiError) -> Response:
    """The response of an error of ours."""
    headers = dict(error.headers)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", "Bearer")
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", RETRY_AFTER_SECONDS)
    return problem_response(
        scope,
        status=error.status,
        title=error.title,
        detail=error.detail,
        type=error.type,
        errors=error.errors,
        headers=headers,
        extra=error.extra,
    )


def field_problems(errors: Sequence[Mapping[str, Any]]) -> list[FieldProblem]:
    """Validation errors by field, without the values that were sent: a password may be among them."""
    return [
        FieldProblem(
            location=str(error["loc"][0]) if error["loc"] else "body",
            field=".".join(map(str, error["loc"][1:]))[:FIELD_NAME_MAX_LENGTH],
            # As it reads behind the name of the field.
            message=str(error["msg"]).removeprefix("Value error, ").removeprefix("String "),
        )
        for error in errors[:FIELD_PROBLEMS_MAX]
    ]


def _summary(errors: Sequence[FieldProblem]) -> str:
    said = "; ".join(f"{error.field or error.location}: {error.message}" for error in errors[:3])
    return f"{said}; and {len(errors) - 3} more" if len(errors) > 3 else said


async def _on_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error_response(request.scope, error)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        reason = found[0].get("ctx", {}).get("error", "it can't be parsed")
        position = found[0]["loc"][-1]
        place = f" at character {position}" if position else ""
        return error_response(request.scope, BodyMalformed(f"The body is not valid JSON: {reason}{place}"))
    fields = field_problems(found)
    return error_response(request.scope, ValidationFailed(_summary(fields), errors=fields))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return error_response(request.scope, BodyMalformed("The body is not valid JSON: it can't be parsed"))
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return error_response(request.scope, BodyTooLarge(error.detail))
    if error.status_code == HTTPStatus.REQUEST_TIMEOUT:
        return error_response(request.scope, BodyTooSlow(error.detail))
    path = request.url.path
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers |= _allow(request)
    details = {
        HTTPStatus.NOT_FOUND: f"There is nothing at {path}",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method} is not possible on {path}",
    }
    return problem_response(
        request.scope,
        status=error.status_code,
        title=HTTPStatus(error.status_code).phrase,
        detail=details.get(HTTPStatus(error.status_code), error.detail),
        headers=headers,
    )


def _allow(request: Request) -> dict[str, str]:
    """What is possible on the path: the router names the methods of the first of its routes alone."""
    methods = request.app.openapi()["paths"].get(route_template(request.scope), ())
    possible = {method.upper() for method in methods}
    if "GET" in possible:
        possible.add("HEAD")
    return {"Allow": ", ".join(sorted(possible))} if possible else {}


async def _on_unstorable_value(request: Request, error: Exception) -> Response:
    """Values are checked before they reach the database; this is for one that was forgotten."""
    logger.error("value_not_storable", exc_info=error)
    return error_response(request.scope, ValidationFailed("A value of the request can't be stored: it is out of range"))


async def _on_broken_reference(request: Request, error: Exception) -> Response:
    """Who asks may be erased between being let in and being written down; any other broken reference is a fault."""
    violation = error.orig if isinstance(error, IntegrityError) else None
    is_user_gone = isinstance(violation, ForeignKeyViolation) and (violation.diag.constraint_name or "").endswith(
        "user_id_fkey"
    )
    if not is_user_gone or request.scope.get("state", {}).get("identity") is None:
        raise error
    return error_response(request.scope, LoginRequired("The account is closed"))


async def _on_server_down(request: Request, error: Exception) -> Response:
    logger.error("server_unavailable", error=type(error).__name__, exc_info=error)
    return error_response(
        request.scope, ServiceUnavailable("A database does not answer just now. Try again in a moment.")
    )


def install_error_handlers(app: FastAPI) -> None:
    """Every expected way to fail. Unexpected exceptions are the failure middleware's."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(DataError, _on_unstorable_value)
    app.add_exception_handler(IntegrityError, _on_broken_reference)
    for unavailable in (*DATABASE_DOWN, JournalUnavailable, MartsUnavailable):
        app.add_exception_handler(unavailable, _on_server_down)
