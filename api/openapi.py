"""The OpenAPI document: says that errors are problem documents, as they are."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problem import MEDIA_TYPE

FIRST_ERROR_STATUS = 400


def install_openapi(app: FastAPI) -> None:
    """Replace FastAPI's document by ours, made once, on first use."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problem_media_type(
                get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _with_problem_media_type(document: dict[str, Any]) -> dict[str, Any]:
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status.isdigit() and int(status) >= FIRST_ERROR_STATUS and "application/json" in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
    return document
