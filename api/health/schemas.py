"""Answers of the health routes."""

from typing import Literal

from api.schema import ResponseBody


class Liveness(ResponseBody):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(ResponseBody):
    """Every server the service depends on answers."""

    status: Literal["ok"] = "ok"
    checks: dict[str, Literal["ok"]]
