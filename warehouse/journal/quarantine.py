"""Where everything goes that could not be taken in: as it came, with the reason, once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg.rows import DictRow

from warehouse.events import EVENT_MAX_BYTES

Kind = Literal["catalog", "events", "orders"]
DETAIL_MAX_LENGTH = 1000
# Four times the largest event that could ever be taken. Of what is larger the beginning is kept, and the hash of all.
RAW_MAX_BYTES = 4 * EVENT_MAX_BYTES


@dataclass(frozen=True)
class Rejected:
    """A row or event that was refused. `origin` says where it came from, `raw` is what was sent."""

    kind: Kind
    origin: str
    raw: bytes
    reason: str
    detail: str


def quarantine(connection: psycopg.Connection[DictRow], rejected: Sequence[Rejected]) -> int:
    """Keep what was refused, in the caller's transaction; how many were not kept before.

    The same bytes refused again are the same row; refused again after they were resolved, they wait again. Of more than
    `RAW_MAX_BYTES` the beginning is kept, with the size and the hash of all.
    """
    added = 0
    with connection.cursor() as cursor:
        for row in rejected:
            cursor.execute(
                """
                insert into quarantine as kept (kind, origin, fingerprint, raw, byte_count, reason, detail)
                values (%s, %s, %s, %s, %s, %s, %s)
                on conflict (kind, fingerprint) do update set
                    reason = excluded.reason, detail = excluded.detail, resolved_at = null
                where kept.resolved_at is not null
                """,
                [
                    row.kind,
                    _storable(row.origin),
                    hashlib.sha256(row.raw).digest(),
                    row.raw[:RAW_MAX_BYTES],
                    len(row.raw),
                    row.reason,
                    _storable(row.detail)[:DETAIL_MAX_LENGTH],
                ],
            )
            added += cursor.rowcount
    return added


def forget_old(connection: psycopg.Connection[DictRow], *, retention_days: int) -> int:
    """Delete rows first seen over `retention_days` ago, resolved or not; how many. The ledger goes on counting them."""
    return connection.execute(
        "delete from quarantine where first_seen_at < now() - make_interval(days => %s)", [retention_days]
    ).rowcount


def _storable(text: str) -> str:
    """Text that Postgres takes: a detail may quote what was wrong, such as a NUL or half a surrogate pair."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
