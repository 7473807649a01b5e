"""What is noted about an event because of who it is from and about: a seller's own visits, and those of staff."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import DictRow

from warehouse.journal.copy_line import Line

Connection = psycopg.Connection[DictRow]

COLUMNS = ("is_own", "is_staff")


@dataclass(frozen=True)
class Marks:
    """The prompts that lines are about, those that exist, with their sellers and the others; the users among staff."""

    sellers: dict[bytes, bytes]
    unknown: frozenset[bytes]
    staff: frozenset[bytes]

    def find_unknown(self, lines: Sequence[Line]) -> list[int]:
        """The ordinals of lines about a prompt that does not exist."""
        if not self.unknown:
            return []
        return [ordinal for ordinal, line in enumerate(lines) if line.prompt_id in self.unknown]

    def write(self, lines: Iterable[Line], *, batch_id: int) -> str:
        """The rows of `raw_events`, with the batch and `COLUMNS` at the end."""
        if not self.sellers and not self.staff:
            end = f"\t{batch_id}\tf\tf\n"
            return end.join([*[line.text for line in lines], ""])
        return "".join(
            [f"{line.text}\t{batch_id}\t{self._is_own(line):d}\t{self._is_staff(line):d}\n" for line in lines]
        )

    def _is_own(self, line: Line) -> bool:
        return line.organization_id is not None and self.sellers.get(line.prompt_id or b"") == line.organization_id

    def _is_staff(self, line: Line) -> bool:
        return line.user_id in self.staff


def find_marks(connection: Connection, lines: Sequence[Line]) -> Marks:
    """What has to be known of the prompts and users of lines."""
    prompts = frozenset(line.prompt_id for line in lines if line.prompt_id is not None)
    users = frozenset(line.user_id for line in lines if line.user_id is not None)
    sellers, staff = {}, frozenset[bytes]()
    if prompts:
        found = connection.execute(
            "select id, seller_organization_id as seller from prompts where id = any(%s::uuid [])", [_array(prompts)]
        )
        sellers = {row["id"].bytes: row["seller"].bytes for row in found}
    if users:
        found = connection.execute(
            "select id from users where role = 'admin' and id = any(%s::uuid [])", [_array(users)]
        )
        staff = frozenset(row["id"].bytes for row in found)
    return Marks(sellers, prompts - sellers.keys(), staff)


def _array(ids: Iterable[bytes]) -> str:
    """An array as Postgres writes it: making objects of the ids takes longer than to look them up."""
    return "{" + ",".join([each.hex() for each in ids]) + "}"
