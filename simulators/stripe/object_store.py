"""Where API objects live: by id, and in lists that page from the newest to the oldest."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulators.stripe.database import INDEXED_FIELDS, Database
from simulators.stripe.error import JsonObject, ReferenceMissing
from simulators.stripe.parameter import CreatedRange, ListParameters

_FIELDS = {name: f"json_extract(body, '$.{name}')" for name in INDEXED_FIELDS}
_BOUNDS = {"gt": "created > ?", "gte": "created >= ?", "lt": "created < ?", "lte": "created <= ?"}


@dataclass(frozen=True)
class Condition:
    """One restriction of a list: a fixed piece of SQL and its values."""

    sql: str
    values: tuple[str | int, ...] = ()


def equals(name: str, value: str | None) -> list[Condition]:
    """Objects whose field has the value; no restriction for None."""
    return [] if value is None else [Condition(f"{_FIELDS[name]} = ?", (value,))]


def one_of(name: str, values: Sequence[str]) -> list[Condition]:
    """Objects whose field has one of the values; no restriction for none."""
    marks = ", ".join("?" * len(values))
    return [Condition(f"{_FIELDS[name]} in ({marks})", tuple(values))] if values else []


def starts_with(name: str, prefix: str) -> list[Condition]:
    """Objects whose field begins with the prefix."""
    return [Condition(f"substr({_FIELDS[name]}, 1, ?) = ?", (len(prefix), prefix))]


@dataclass(frozen=True)
class Page:
    """One page of a list, newest first."""

    objects: list[JsonObject] = field(default_factory=list)
    has_more: bool = False


class ObjectStore:
    """Reads and writes API objects as JSON documents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, body: JsonObject) -> None:
        """Keep a new object under its ``id`` and ``object``."""
        self._database.execute(
            "insert into objects (id, kind, created, body) values (?, ?, ?, ?)",
            (body["id"], body["object"], body["created"], _dump(body)),
        )

    def update(self, body: JsonObject) -> None:
        """Replace the object that has this ``id``."""
        self._database.execute("update objects set body = ? where id = ?", (_dump(body), body["id"]))

    def find(self, object_id: str) -> JsonObject | None:
        """The object with this id, of whatever kind."""
        row = self._database.execute("select body from objects where id = ?", (object_id,)).fetchone()
        return None if row is None else _load(row["body"])

    def get(self, kind: str, object_id: str) -> JsonObject | None:
        """The object with this id, if it is of the kind."""
        body = self.find(object_id)
        return body if body is not None and body["object"] == kind else None

    def ids(self, kind: str) -> list[str]:
        """Ids of all objects of a kind, oldest first."""
        rows = self._database.execute("select id from objects where kind = ? order by sequence", (kind,))
        return [row["id"] for row in rows]

    def page(self, kind: str, query: ListParameters, conditions: Sequence[Condition] = ()) -> Page:
        """The objects of a kind that meet all conditions, as the list parameters cut them."""
        wanted = [Condition("kind = ?", (kind,)), *_created_within(query.created), *conditions]
        # `ending_before` asks for the page just above an object: the nearest newer ones, still shown newest first.
        backwards = query.ending_before is not None
        if query.starting_after is not None:
            wanted.append(self._beyond(kind, query.starting_after, "sequence < ?", param="starting_after"))
        if query.ending_before is not None:
            wanted.append(self._beyond(kind, query.ending_before, "sequence > ?", param="ending_before"))
        statement = " ".join(
            [
                "select body from objects where",
                " and ".join(condition.sql for condition in wanted),
                "order by sequence asc limit ?" if backwards else "order by sequence desc limit ?",
            ]
        )
        values = [value for condition in wanted for value in condition.values]
        rows = self._database.execute(statement, (*values, query.limit + 1)).fetchall()
        bodies = [_load(row["body"]) for row in rows[: query.limit]]
        return Page(bodies[::-1] if backwards else bodies, has_more=len(rows) > query.limit)

    def _beyond(self, kind: str, object_id: str, sql: str, *, param: str) -> Condition:
        row = self._database.execute(
            "select sequence from objects where id = ? and kind = ?", (object_id, kind)
        ).fetchone()
        if row is None:
            raise ReferenceMissing(kind, object_id, param=param)
        return Condition(sql, (row["sequence"],))


def _created_within(bounds: CreatedRange) -> list[Condition]:
    given = bounds.model_dump(exclude_none=True)
    return [Condition(_BOUNDS[name], (value,)) for name, value in given.items()]


def _dump(body: JsonObject) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def _load(text: str) -> JsonObject:
    body: JsonObject = json.loads(text)
    return body
