"""What every refusal of the service is: an exception that knows its HTTP status and says what happened."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

TYPE_PREFIX = "urn:prompt-marketplace:problem:"


class FieldProblem(BaseModel):
    """One thing that is wrong with one field of a request."""

    location: str = Field(description="body, query, path or header", examples=["body"])
    field: str = Field(description="The field, nested ones joined by dots", examples=["price_cents"])
    message: str = Field(examples=["Input should be greater than or equal to 0"])


class ProblemDocument(BaseModel):
    """An error answer (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Names the kind of problem; stable", examples=[TYPE_PREFIX + "prompt-not-found"])
    title: str = Field(description="The kind of problem in words", examples=["Prompt not found"])
    status: int = Field(description="The HTTP status", examples=[404])
    detail: str = Field(description="What happened this time and what to do about it")
    request_id: str = Field(description="Also in X-Request-ID; tells the operators which request this was")
    errors: list[FieldProblem] | None = Field(None, description="The fields that are wrong")


class ApiError(Exception):
    """A request that is refused, or can't be answered. Subclasses are named for what happened.

    The class name is the problem's type and title; `detail` is a sentence that ends with the id it is about.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Api error"
    type: ClassVar[str] = TYPE_PREFIX + "api-error"

    def __init_subclass__(cls) -> None:
        words = re.sub(r"(?<!^)(?=[A-Z])", " ", cls.__name__)
        cls.title = words.capitalize()
        cls.type = TYPE_PREFIX + words.lower().replace(" ", "-")

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        # Further members of the problem document.
        self.extra = dict(extra or {})


class ValidationFailed(ApiError):
    """The request is well-formed, but fields of it hold what they may not."""

    status = 422


class BodyMalformed(ApiError):
    """The body is not the JSON it claims to be."""

    status = 400


class BodyTooLarge(ApiError):
    """The body is larger than the service reads."""

    status = 413


class BodyNotJson(ApiError):
    """The body is of a type the service does not read."""

    status = 415


class BodyTooSlow(ApiError):
    """The body did not come in time."""

    status = 408


class UrlTooLong(ApiError):
    """The address is longer than any the service has."""

    status = 414


class HeadersTooLarge(ApiError):
    """The headers are larger than the service reads."""

    status = 431


class RequestTimedOut(ApiError):
    """The handler was not done in time; what it had begun is undone."""

    status = 504


class LoginRequired(ApiError):
    """The route needs a log-in and the request carried none."""

    status = 401


class RoleNotAllowed(ApiError):
    """The user is known, but users of this role may not do this."""

    status = 403


class ServiceUnavailable(ApiError):
    """A server the answer depends on does not answer just now."""

    status = 503


class InternalError(ApiError):
    """Something failed that should not have."""

    status = 500


def problem_responses(*errors: type[ApiError]) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of the errors a route answers with."""
    titles: dict[int, list[str]] = {}
    for error in errors:
        titles.setdefault(error.status, []).append(error.title)
    return {
        status: {"model": ProblemDocument, "description": "; ".join(dict.fromkeys(said))}
        for status, said in titles.items()
    }
