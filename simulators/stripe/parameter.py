"""Typed parameters: form text in, Python values or Stripe's error answers out."""

import re
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from simulators.stripe.error import InvalidParameter, JsonObject

MAX_AMOUNT = 99_999_999
"""Stripe's limit: eight digits."""

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Parameters(BaseModel):
    """Base of what an endpoint accepts. A parameter it does not name is refused, as Stripe does."""

    model_config = ConfigDict(extra="forbid", frozen=True)


ParametersT = TypeVar("ParametersT", bound=Parameters)


def parse(model: type[ParametersT], raw: JsonObject) -> ParametersT:
    """Validate nested form values, or raise ``InvalidParameter`` for the first thing wrong."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise _refusal(error.errors(), known=sorted(model.model_fields)) from error


def _refusal(errors: list[ErrorDetails], *, known: list[str]) -> InvalidParameter:
    first = errors[0]
    param = _bracketed(first["loc"])
    kind, message = first["type"], first["msg"]
    if kind == "missing":
        return InvalidParameter(f"Missing required param: {param}.", code="parameter_missing", param=param)
    if kind == "extra_forbidden":
        message = f"Received unknown parameter: {param}. The simulator knows here: {', '.join(known)}, expand."
        return InvalidParameter(message, code="parameter_unknown", param=param)
    if kind == "literal_error":
        return InvalidParameter(f"Invalid {param}: must be one of {first['ctx']['expected']}", param=param)
    if kind.startswith(("parameter_", "amount_", "email_")):
        return InvalidParameter(message, code=kind, param=param)
    return InvalidParameter(f"Invalid {param}: {message}", param=param)


def _bracketed(location: tuple[int | str, ...]) -> str:
    head, *tail = (str(part) for part in location)
    return head + "".join(f"[{part}]" for part in tail)


def _read_integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise PydanticCustomError("parameter_invalid_integer", "Invalid integer: {value}", {"value": str(value)})


def _read_boolean(value: Any) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    raise PydanticCustomError("invalid_boolean", "must be true or false, not {value}", {"value": str(value)})


def _read_list(value: Any) -> Any:
    if isinstance(value, dict) and all(key.isdecimal() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    raise PydanticCustomError("invalid_array", "must be an array")


def _read_metadata(value: Any) -> Any:
    """An empty string clears metadata, and an empty value leaves the key out, as Stripe does."""
    if value == "":
        return {}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise PydanticCustomError("invalid_object", "must be an object of strings")
    kept = {key: text for key, text in value.items() if text != ""}
    if len(kept) > 50 or any(len(key) > 40 or len(text) > 500 for key, text in kept.items()):
        raise PydanticCustomError(
            "invalid_object", "takes at most 50 keys of up to 40 characters, with values of up to 500 characters"
        )
    return kept


def _read_created(value: Any) -> Any:
    """``created=5`` asks for exactly that second; ``created[gte]=5`` for a range."""
    return {"gte": value, "lte": value} if isinstance(value, str) else value


def _check_amount(value: int) -> int:
    if value < 1:
        raise PydanticCustomError(
            "parameter_invalid_integer",
            "This value must be greater than or equal to 1 (it currently is '{value}').",
            {"value": value},
        )
    if value > MAX_AMOUNT:
        raise PydanticCustomError(
            "amount_too_large", "Amount must be no more than {limit} in minor units.", {"limit": MAX_AMOUNT}
        )
    return value


def _check_limit(value: int) -> int:
    if not 1 <= value <= 100:
        raise PydanticCustomError(
            "parameter_invalid_integer",
            "Invalid integer: limit must be between 1 and 100, not {value}",
            {"value": value},
        )
    return value


def _check_currency(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", value):
        raise PydanticCustomError(
            "invalid_currency", "must be a three-letter ISO currency code such as usd, not '{value}'", {"value": value}
        )
    return value.lower()


def _check_filled(value: str) -> str:
    if value == "":
        raise PydanticCustomError(
            "parameter_invalid_empty", "You passed an empty string. Leave the parameter out or give it a value."
        )
    return value


def _check_email(value: str) -> str:
    if value and not _EMAIL.fullmatch(value):
        raise PydanticCustomError("email_invalid", "Invalid email address: {value}", {"value": value})
    return value


Integer = Annotated[int, BeforeValidator(_read_integer)]
Amount = Annotated[Integer, AfterValidator(_check_amount)]
"""Positive minor units."""
Limit = Annotated[Integer, AfterValidator(_check_limit)]
Boolean = Annotated[bool, BeforeValidator(_read_boolean)]
Currency = Annotated[str, AfterValidator(_check_currency)]
Reference = Annotated[str, AfterValidator(_check_filled)]
"""Id of another object."""
Email = Annotated[str, AfterValidator(_check_email)]
Texts = Annotated[list[str], BeforeValidator(_read_list)]
Metadata = Annotated[dict[str, str], BeforeValidator(_read_metadata)]


class CreatedRange(Parameters):
    """Bounds on an object's creation, in epoch seconds."""

    gt: Integer | None = None
    gte: Integer | None = None
    lt: Integer | None = None
    lte: Integer | None = None


class ListParameters(Parameters):
    """What every list endpoint accepts."""

    limit: Limit = 10
    starting_after: Reference | None = None
    ending_before: Reference | None = None
    created: Annotated[CreatedRange, BeforeValidator(_read_created)] = CreatedRange()


class NoParameters(Parameters):
    """For endpoints that take none."""
