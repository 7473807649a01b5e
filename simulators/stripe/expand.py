"""``expand[]``: replaces ids in an answer by the objects they name.

See https://docs.stripe.com/expand.
"""

from collections.abc import Mapping

from simulators.stripe.error import InvalidParameter, JsonObject
from simulators.stripe.kind import Kind
from simulators.stripe.object_store import ObjectStore

MAX_DEPTH = 4


class Expander:
    """Expands fields that the kind of the object names as expandable."""

    def __init__(self, kinds: Mapping[str, Kind], objects: ObjectStore) -> None:
        self._kinds = kinds
        self._objects = objects

    def expand(self, body: JsonObject, paths: list[str]) -> None:
        """Replace the ids at all paths, in place."""
        for path in paths:
            names = path.split(".")
            if len(names) > MAX_DEPTH + (names[0] == "data"):
                raise InvalidParameter(
                    f"You cannot expand more than {MAX_DEPTH} levels of a property. Property: {path}", param="expand"
                )
            if body["object"] == "list":
                self._expand_list(body, names, path=path)
            else:
                self._expand_object(body, names, path=path)

    def _expand_list(self, body: JsonObject, names: list[str], *, path: str) -> None:
        if names[0] != "data" or len(names) == 1:
            raise InvalidParameter(
                f"This property cannot be expanded ({path}). You want to expand a property on the list's elements: "
                f"try data.{path}.",
                param="expand",
            )
        for element in body["data"]:
            self._expand_object(element, names[1:], path=path)

    def _expand_object(self, body: JsonObject, names: list[str], *, path: str) -> None:
        name, *rest = names
        kind = self._kinds[body["object"]]
        if name not in kind.expandable:
            raise InvalidParameter(
                f"This property cannot be expanded ({path}): {kind.name} lets you expand "
                f"{', '.join(sorted(kind.expandable)) or 'nothing'}.",
                param="expand",
            )
        value = body[name]
        if isinstance(value, str):
            value = body[name] = self._objects.find(value)
        if rest and value is not None:
            self._expand_object(value, rest, path=path)
