"""The catalogue's rules in the words of msgspec, which checks them thirty times as fast as pydantic.

They are derived, so that there is one catalogue. A type here takes nothing that the catalogue refuses; where a rule
can't be said, or where the catalogue would make a number of a text, it takes less.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec
from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import AfterValidator, BaseModel, JsonValue
from pydantic.fields import FieldInfo

from warehouse.events import CATALOGUE, EVENT_NAME_PATTERN, NEEDS_PROMPT, Properties, is_server_only, without_nul

# Names are the senders' choice: only so many are remembered.
REMEMBERED_NAMES = 4096
# What is nested deeper is looked at slowly.
QUICK_DEPTH = 5

Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Scalar = str | Integer | float | bool | None


def _nested(depth: int) -> Any:
    value: Any = Scalar
    for _ in range(depth):
        value = Union[Scalar, list[value], dict[str, value]]  # noqa: UP007 (built while it runs)
    return value


# A JSON object without what could not be stored: numbers beyond 64 bits, and what is nested deep.
if TYPE_CHECKING:
    QuickObject = dict[str, Any]
else:
    QuickObject = dict[str, _nested(QUICK_DEPTH)]


class NotSayable(Exception):
    """A rule of the catalogue has no equal in msgspec."""


@dataclass(frozen=True)
class Rule:
    """What events of one name have to be. `properties` is what msgspec must take them for, None for anything."""

    properties: type[msgspec.Struct] | None
    needs_prompt: bool
    is_server_only: bool


@lru_cache(maxsize=REMEMBERED_NAMES)
def rule_of(event_name: str) -> Rule | None:
    """The rule for a name; None when its events have to be looked at slowly."""
    if not EVENT_NAME_PATTERN.fullmatch(event_name):
        return None
    properties = None
    if event_name in CATALOGUE:
        properties = QUICK_PROPERTIES.get(event_name)
        if properties is None:
            return None
    return Rule(properties, event_name in NEEDS_PROMPT, is_server_only(event_name))


def quick_struct(model: type[BaseModel]) -> type[msgspec.Struct]:
    """A struct that takes no object which the model refuses. Raises `NotSayable`."""
    fields = [
        (name, quick_type(field.annotation, field.metadata), *(() if field.is_required() else (None,)))
        for name, field in model.model_fields.items()
    ]
    return msgspec.defstruct(
        f"Quick{model.__name__}",
        fields,
        kw_only=True,
        forbid_unknown_fields=model.model_config.get("extra") == "forbid",
    )


def quick_type(annotation: Any, metadata: Iterable[Any] = ()) -> Any:
    """A type that takes nothing which pydantic refuses. Raises `NotSayable`."""
    limits = _limits(metadata)
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return quick_type(inner, [*more, *metadata])
    if get_origin(annotation) in (Union, UnionType):
        return Union[tuple(quick_type(each) for each in get_args(annotation))]  # noqa: UP007
    if annotation is int:
        return _limited(int, limits) if limits else Integer
    if annotation in (str, float):
        return _limited(annotation, limits)
    if limits:
        raise NotSayable(f"{annotation} with {limits}")
    if annotation in (bool, NoneType, UUID, datetime) or get_origin(annotation) is Literal:
        return annotation
    return _quick_container(annotation)


def _quick_container(annotation: Any) -> Any:
    if annotation == dict[str, JsonValue]:
        return QuickObject
    if get_origin(annotation) is list:
        return list[quick_type(get_args(annotation)[0])]  # type: ignore[misc]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return quick_struct(annotation)
    raise NotSayable(str(annotation))


def _limited(kind: type, limits: Mapping[str, Any]) -> Any:
    return Annotated[kind, msgspec.Meta(**limits)] if limits else kind


def _limits(metadata: Iterable[Any]) -> dict[str, Any]:
    """Limits as msgspec has them, but for that no text holds a NUL: the readers look for it in what was sent."""
    found: dict[str, Any] = {}
    for each in metadata:
        if isinstance(each, FieldInfo):
            found |= _limits(each.metadata)
        elif isinstance(each, AfterValidator) and each.func is without_nul:
            continue
        elif isinstance(each, Ge | Gt | Le | Lt | MinLen | MaxLen):
            found |= vars(each) if hasattr(each, "__dict__") else {name: getattr(each, name) for name in each.__slots__}
        else:
            raise NotSayable(repr(each))
    return found


def _quick_properties() -> dict[str, type[msgspec.Struct]]:
    quick: dict[str, type[msgspec.Struct]] = {}
    by_model: dict[type[Properties], type[msgspec.Struct]] = {}
    for name, model in CATALOGUE.items():
        try:
            quick[name] = by_model.setdefault(model, quick_struct(model))
        except NotSayable:
            # Looked at slowly.
            continue
    return quick


QUICK_PROPERTIES: Mapping[str, type[msgspec.Struct]] = MappingProxyType(_quick_properties())
