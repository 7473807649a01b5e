"""Made-up events, most of them malformed, oversized, of another time, wrongly typed or hostile, each with its place."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

STORED = "stored"
DUPLICATE = "duplicate"
NOW = datetime.now(UTC)
# What people have tried elsewhere. All of it is text, and stays what it is.
HOSTILE = (
    "'; drop table raw_events; --", "{{7*7}}", "<script>alert(1)</script>", "../../etc/passwd", "%s%n", "${jndi:ldap://x}",
    "\u202egnirts", "💥é漢", "a\tb\\n", "NULL", "-1", "__proto__", "=cmd|' /C calc'!A0", "\u0085\ufeff",
)  # fmt: skip

Fields = dict[str, Any]
Maker = Callable[[], "Fields | bytes"]
Kinds = dict[str, list[Maker]]


@dataclass(frozen=True)
class Made:
    """An event as it is sent, and where it belongs: `STORED`, `DUPLICATE`, or the reason of its quarantine."""

    content: bytes
    place: str


def _at(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


class HostileEvents:
    """What both ways in refuse or take alike. `number` makes every event another one."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.number = 0
        self.taken: list[Fields] = []

    def event(self, **changes: Any) -> Fields:
        """A good event of a few minutes ago, but for what is said otherwise."""
        self.number += 1
        moment = NOW - timedelta(seconds=self.random.randrange(60, 86_400))
        return {
            "event_id": f"made {self.number}", "event_name": "page.opened", "occurred_at": _at(moment),
            "request_id": f"call {self.number}", **changes,
        }  # fmt: skip

    def any_of(self, *values: Any) -> Any:
        """One of the values."""
        return self.random.choice(values)

    def without(self, name: str) -> Maker:
        """Makes good events that lack a field."""
        return lambda: {key: value for key, value in self.event().items() if key != name}

    def odd(self) -> str:
        """A text nobody meant well with, different each time."""
        self.number += 1
        return f"{self.random.choice(HOSTILE)} {self.number}"

    def mix(self, count: int, kinds: Kinds) -> Iterator[Made]:
        """So many events: every kind of every place in turn, then at random, with good ones and repetitions between."""
        makers = [(place, make) for place, several in kinds.items() for make in several]
        for index in range(count):
            chosen = self.random.random()
            if chosen < 0.2 or not self.taken:
                yield self._good()
            elif chosen < 0.27:
                yield Made(_json(self.random.choice(self.taken)), DUPLICATE)
            elif chosen < 0.32:
                changed = self.random.choice(self.taken) | {"session_id": f"other {index}"}
                yield Made(_json(changed), "event_id_reused")
            else:
                place, make = makers[index % len(makers)] if index < 4 * len(makers) else self.random.choice(makers)
                made = make()
                yield Made(made if isinstance(made, bytes) else _json(made), place)

    def _good(self) -> Made:
        fields = self.event(properties={self.odd(): [self.odd(), {"n": self.random.random()}]}, session_id=self.odd())
        self.taken.append(fields)
        return Made(_json(fields), STORED)


def _json(fields: Any) -> bytes:
    return json.dumps(fields).encode()


def _broken_envelopes(made: HostileEvents) -> list[Maker]:
    """Makers of what a client sends in another form than the envelope's."""
    event, random, any_of = made.event, made.random, made.any_of
    return [
        *(made.without(name) for name in ("event_id", "event_name", "occurred_at")),
        lambda: event(event_id=any_of(None, 7, [], {}, "", True, "x" * 256, f"nul \x00 {made.number}")),
        lambda: event(event_name=any_of(None, 7, [], {})),
        lambda: event(occurred_at=any_of(None, "yesterday", "2026-13-01T00:00:00Z", [], "", {}, "25:00")),
        lambda: event(occurred_at=NOW.replace(tzinfo=None).isoformat()),
        lambda: event(schema_version=any_of(0, -1, 2**15, "one", None, [1])),
        lambda: event(sample_rate=any_of(0, -0.5, 1.01, "half", [])),
        lambda: event(properties=any_of([], "text", 7, True, None)),
        lambda: event(prompt_id=any_of("nope", 7, [], "0" * 31)),
        lambda: event(anonymous_id=any_of(7, [], {}, "x" * 256)),
        lambda: event(source=any_of("", 7, [], {})),
        lambda: event(**{any_of("__class__", "is_staff", "batch_id", "price"): made.odd()}),
        lambda: _json(any_of(made.odd(), random.random(), [made.odd()], [[random.random()]])),
    ]


def live_events(seed: int, count: int, *, prompt_id: str) -> list[Made]:
    """Events as a client sends them in the body of a request."""
    made = HostileEvents(seed)
    event, random, any_of = made.event, made.random, made.any_of
    viewed: Fields = {"event_name": "prompt.viewed"}
    clicked = {"event_name": "prompt.clicked", "prompt_id": prompt_id}
    kinds: Kinds = {
        "envelope_invalid": _broken_envelopes(made),
        "event_name_malformed": [
            lambda: event(event_name=any_of("", "noverb", "Page.Opened", "a.b.c", "page.", ".opened", "page opened")),
            lambda: event(event_name=made.odd()),
            lambda: event(event_name=f"{'a' * 64}.opened"),
        ],
        "event_name_reserved": [
            lambda: event(event_name=any_of("order.paid", "order.anything", "results.served", "api.requested")),
            lambda: event(event_name=any_of(" order.paid", "ORDER.paid ", "Results.Served", "API.requested")),
        ],
        "event_too_large": [lambda: event(properties={"text": "x" * random.randrange(65_536, 70_000)})],
        "source_not_allowed": [
            lambda: event(source=any_of("api", "worker", "client:", f"client:{UUID(int=random.getrandbits(128))}")),
        ],
        "sent_at_invalid": [lambda: event(sent_at=any_of("soon", "2026-01-01", "2026-01-01T00:00:00", [], "9" * 40))],
        "occurred_at_ancient": [lambda: event(occurred_at=f"{random.randrange(1, 2000):04}-12-31T00:00:00Z")],
        "occurred_at_too_old": [lambda: event(occurred_at=_at(NOW - timedelta(days=random.randrange(31, 9_000))))],
        "occurred_at_future": [lambda: event(occurred_at=_at(NOW + timedelta(hours=random.randrange(2, 90_000))))],
        "prompt_missing": [lambda: event(**viewed), lambda: event(**viewed, prompt_id=None)],
        "prompt_unknown": [lambda: event(**viewed, prompt_id=str(UUID(int=random.getrandbits(128), version=4)))],
        "properties_invalid": [
            lambda: event(**clicked),
            lambda: event(**clicked, properties={"position": any_of(0, -1, 2**31, "first", None), "receipt_id": "r"}),
            lambda: event(event_name="category.browsed", properties={"category": any_of(7, None, [], "x" * 256)}),
            lambda: event(event_name="review.submitted", prompt_id=prompt_id, properties={"rating": any_of(0, 6, "")}),
            lambda: event(properties={"text": f"nul \x00 {made.number}"}),
        ],
        "value_not_storable": [
            lambda: event(properties={"half": f"\ud800 {made.number}"}),
            lambda: event(properties={"number": any_of(2**63, -(2**63) - 1, 10**40)}),
            lambda: event(properties=json.loads('{"a":' * 60 + "1" + "}" * 60)),
        ],
    }  # fmt: skip
    return list(made.mix(count, kinds))


def event_lines(seed: int, count: int, *, prompt_external_id: str) -> list[Made]:
    """Events as lines of a file to import."""
    made = HostileEvents(seed)
    event, random, any_of = made.event, made.random, made.any_of
    clicked = {"event_name": "prompt.clicked", "prompt_external_id": prompt_external_id}

    kinds: Kinds = {
        **{f"{name}_missing": [made.without(name), lambda name=name: event(**{name: any_of("", None)})]
           for name in ("event_id", "event_name", "occurred_at")},
        "event_id_invalid": [lambda: event(event_id=any_of([], {}, True, 1.5))],
        "event_name_invalid": [lambda: event(event_name=any_of(7, [], {}, True))],
        "occurred_at_invalid": [lambda: event(occurred_at=any_of("yesterday", [], {}, True, "2026-13-01T00:00:00Z"))],
        "occurred_at_without_zone": [lambda: event(occurred_at=NOW.replace(tzinfo=None).isoformat())],
        "occurred_at_ancient": [
            lambda: event(occurred_at=f"{random.randrange(1, 2000):04}-12-31T00:00:00Z"),
            lambda: event(occurred_at=-random.randrange(1, 10**9)),
        ],
        "occurred_at_future": [lambda: event(occurred_at=_at(NOW + timedelta(hours=random.randrange(2, 90_000))))],
        "anonymous_id_invalid": [lambda: event(anonymous_id=any_of([], {}, True))],
        "session_id_too_long": [lambda: event(session_id="x" * random.randrange(256, 5_000))],
        "position_invalid": [lambda: event(**clicked, position=any_of(0, -3, "first", 1.5, 2**31, []))],
        "nul_character": [lambda: event(event_id=f"nul \x00 {made.number}")],
        "event_name_malformed": [
            lambda: event(event_name=any_of("noverb", "Page.Opened", "a.b.c", "page.", ".opened")),
            lambda: event(event_name=made.odd()),
        ],
        "prompt_unknown": [lambda: event(event_name="prompt.viewed", prompt_external_id=made.odd())],
        "prompt_missing": [lambda: event(event_name="prompt.viewed")],
        "properties_invalid": [
            lambda: event(properties=any_of("[1]", "{", "text", 7, [1], True)),
            lambda: event(properties=json.loads('{"a":' * 60 + "1" + "}" * 60)),
            lambda: event(**clicked),
            lambda: event(properties={"text": f"nul \x00 {made.number}"}),
        ],
        "properties_too_large": [lambda: event(properties={"text": "x" * random.randrange(65_536, 70_000)})],
        "json_malformed": [
            lambda: _json(event())[:-1],
            lambda: b"{1: 2} " + made.odd().encode(),
            lambda: _json(event(properties={"half": f"\ud800 {made.number}"})),
        ],
        "json_not_an_object": [lambda: _json(any_of(made.odd(), random.random(), [made.odd()]))],
        "encoding_invalid": [lambda: _json(event())[:-2] + b'\xff\xfe"}'],
    }  # fmt: skip
    return list(made.mix(count, kinds))
