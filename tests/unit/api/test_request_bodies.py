"""What holds for the body of every route: JSON has types, and none is taken for another."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from api.main import create_app
from api.schema import RequestBody

# What a lenient reader would take for the type.
ALIKE: dict[str, list[Any]] = {"boolean": [0, 1, "true"], "integer": ["1", 1.0, True], "number": ["1.5", True]}


def bodies(base: type[RequestBody] = RequestBody) -> Iterator[type[RequestBody]]:
    for body in base.__subclasses__():
        if body.__module__.startswith("api."):
            yield body
        yield from bodies(body)


def alike() -> Iterator[Any]:
    create_app()
    for body in bodies():
        for name, field in body.model_fields.items():
            for kind in types_of(field):
                for value in ALIKE.get(kind, []):
                    yield pytest.param(field, value, id=f"{body.__name__}.{name}-{value!r}")


def types_of(field: FieldInfo) -> set[str]:
    schema = adapter(field).json_schema()
    return {each.get("type", "") for each in [schema, *schema.get("anyOf", [])]}


def adapter(field: FieldInfo) -> TypeAdapter[Any]:
    return TypeAdapter(Annotated[field.annotation, field])


class TestRequestBodies:
    @pytest.mark.parametrize(("field", "value"), list(alike()))
    def test_refuse_what_is_only_like_a_number_or_a_boolean(self, field: FieldInfo, value: Any):
        with pytest.raises(ValidationError):
            adapter(field).validate_python(value)
