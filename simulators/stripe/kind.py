"""What the simulator knows about each kind of API object, and the endpoints that serve it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simulators.stripe.call import Call
from simulators.stripe.error import JsonObject

Handler = Callable[[Call], JsonObject]


@dataclass(frozen=True)
class Kind:
    """A kind of object: its ``object`` name and the fields whose id may be expanded into the object."""

    name: str
    expandable: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Route:
    """An endpoint: ``handler`` answers ``method`` on ``path``; ``{id}`` in the path becomes ``call.id``."""

    method: str
    path: str
    handler: Handler


@dataclass(frozen=True)
class Resource:
    """A kind with its endpoints. A new part of Stripe is a new module that defines one of these."""

    kind: Kind
    routes: tuple[Route, ...]
