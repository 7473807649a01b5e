"""What an import changes of money and of what is for sale, in the audit log."""

from collections.abc import Mapping
from uuid import UUID

from psycopg.types.json import Jsonb

from warehouse.imports.importer import Connection, Outcome
from warehouse.journal.quarantine import Kind

ACTIONS: Mapping[Kind, str] = {"catalog": "prompt.imported", "orders": "order.imported"}

# Neither the file nor a row of it is named: both may hold what an erasure could never take out of the log again.
NOTE = "insert into audit_log (action, object_type, object_id, new_value) values (%s, 'import', %s, %s)"


def note(connection: Connection, kind: Kind, import_id: UUID, outcome: Outcome) -> None:
    """Note a batch in its transaction, when it changed anything."""
    changes = {"inserted": outcome.inserted, "updated": outcome.updated}
    if kind in ACTIONS and any(changes.values()):
        connection.execute(NOTE, [ACTIONS[kind], str(import_id), Jsonb(changes)])
