"""Makes one request of the matrix and looks at everything that came of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from tests.integration.api.access.bodies import make_body
from tests.integration.api.access.matrix import Cell
from tests.integration.api.access.world import READERS, World


@dataclass(frozen=True)
class Observation:
    """The answer, the markers in it that its reader must not see, and what else the request did."""

    answer: httpx.Response
    leaks: list[str]
    changed_tables: list[str]
    # The answer without ids, and the answer to the same request about what does not exist.
    told: str
    told_of_nothing: str


def observe(client: httpx.Client, world: World, cell: Cell) -> Observation:
    """What comes of a cell's request about a new subject."""
    reader = world.reader(cell.caller, cell.subject)
    headers = world.log_in(client, reader)
    subject = world.make_subject(cell.subject)
    unknown = {name: str(uuid4()) for name in subject}
    before = world.fingerprint()
    answer = send(client, cell, subject, headers)
    after = world.fingerprint()
    of_nothing = send(client, cell, unknown, headers) if subject and not answer.is_success else answer
    world.retire(subject)
    return Observation(
        answer=answer,
        leaks=find_leaks(answer, reader),
        changed_tables=[table for table, digest in after.items() if digest != before[table]],
        told=_anonymized(answer, subject.values()),
        told_of_nothing=_anonymized(of_nothing, unknown.values()),
    )


def send(client: httpx.Client, cell: Cell, subject: Mapping[str, str], headers: Mapping[str, str]) -> httpx.Response:
    """The answer to a cell's request about a subject, with these headers."""
    body = make_body(cell.route, subject)
    sent: dict[str, Any] = {"params": body} if cell.method == "GET" else {"json": body} if body is not None else {}
    return client.request(cell.method, cell.path.format(**subject), headers=headers, **sent)


def find_leaks(answer: httpx.Response, reader: str | None) -> list[str]:
    """The markers in an answer that this person must not see."""
    told = f"{answer.text}\n{answer.headers}"
    return [marker for marker, readers in READERS.items() if marker in told and reader not in readers]


def _anonymized(answer: httpx.Response, ids: Iterable[str]) -> str:
    """Status and body, without the ids that were asked for and the id of the request."""
    text = answer.text
    for each in (*ids, answer.headers["X-Request-ID"]):
        text = text.replace(each, "…")
    return f"{answer.status_code} {text}"
