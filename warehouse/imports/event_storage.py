"""What the import of events asks the application database."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from warehouse.imports.importer import Connection, Refusal
from warehouse.imports.record import Record
from warehouse.journal import Rejected

Prompts = Mapping[str, UUID]
Users = Mapping[str, Mapping[str, UUID]]


def find_prompts(connection: Connection, names: Collection[str]) -> dict[str, UUID]:
    """Ids of prompts by the name a file gives them: their external id, or their own id."""
    rows = connection.execute("select external_id, id from prompts where external_id = any(%s)", [list(names)])
    found: dict[str, UUID] = {row["external_id"]: row["id"] for row in rows}
    own = {name: identifier for name in names if name not in found and (identifier := _as_uuid(name)) is not None}
    if own:
        rows = connection.execute("select id from prompts where id = any(%s)", [list(own.values())])
        known = {row["id"] for row in rows}
        found |= {name: identifier for name, identifier in own.items() if identifier in known}
    return found


def find_users(connection: Connection, external_ids: Collection[str]) -> dict[str, dict[str, UUID]]:
    """The identity fields of an event by the user's external id."""
    rows = connection.execute(
        "select external_id, id, organization_id from users where external_id = any(%s)", [list(external_ids)]
    )
    return {row["external_id"]: {"user_id": row["id"], "organization_id": row["organization_id"]} for row in rows}


def note_lines(connection: Connection, refused: Sequence[tuple[Record, Rejected]], *, origin: str) -> list[Refusal]:
    """The refusals of what the journal has just put into quarantine; the lines of the file are noted there."""
    found = []
    for record, rejected in refused:
        fingerprint = hashlib.sha256(rejected.raw).digest()
        connection.execute(
            "update quarantine set origin = %s where kind = 'events' and fingerprint = %s and origin = %s",
            [f"{origin}:{record.line}", fingerprint, origin],
        )
        found.append(Refusal(record, rejected.reason, rejected.detail, kept_as=fingerprint))
    return found


def _as_uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None
