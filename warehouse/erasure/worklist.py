"""The work list: the application's table `erasures`."""

from collections.abc import Sequence

import psycopg
from psycopg.rows import DictRow

from warehouse.erasure.naming import OTHERS
from warehouse.erasure.person import Person

# A request that was under way when the person was erased may still write an event. It ends long before this.
SETTLE_SECONDS = 120


def read_open(connection: psycopg.Connection[DictRow], *, settle_seconds: int = SETTLE_SECONDS) -> list[Person]:
    """The people whose erasure was asked for long enough ago and is not done, the oldest first."""
    rows = connection.execute(
        "select id, user_id, tombstone_user_id, organization_id, emails, unverified_emails, anonymous_ids, session_ids"
        " from erasures"
        " where completed_at is null and requested_at <= now() - make_interval(secs => %s) order by requested_at, id",
        [settle_seconds],
    )
    return [
        Person(
            erasure_id=row["id"],
            user_id=row["user_id"],
            tombstone_id=row["tombstone_user_id"],
            organization_id=row["organization_id"],
            emails=tuple(row["emails"]),
            anonymous_ids=tuple(row["anonymous_ids"]),
            session_ids=tuple(row["session_ids"]),
            unverified_emails=tuple(row["unverified_emails"]),
            others=find_others(connection, [str(row["user_id"]), *row["emails"], *row["unverified_emails"]]),
        )
        for row in rows
    ]


def find_others(connection: psycopg.Connection[DictRow], words: Sequence[str]) -> tuple[str, ...]:
    """The addresses known to the application that hold one of these words and something more."""
    statement = OTHERS.format(words="%(words)s").encode()
    rows = connection.execute(statement, {"words": [word.lower() for word in words]})
    return tuple(sorted(row["email"] for row in rows))


def note_devices(
    connection: psycopg.Connection[DictRow], person: Person, anonymous_ids: Sequence[str], session_ids: Sequence[str]
) -> None:
    """Keep what else the person is known by, until the erasure is done."""
    connection.execute(
        "update erasures set anonymous_ids = %s, session_ids = %s where id = %s",
        [list(anonymous_ids), list(session_ids), person.erasure_id],
    )


def note_done(connection: psycopg.Connection[DictRow], person: Person) -> None:
    """The erasure is done: from now on its line says that, and not of whom."""
    connection.execute(
        "update erasures set completed_at = now(), user_id = null, emails = '{}', unverified_emails = '{}',"
        " anonymous_ids = '{}', session_ids = '{}', remaining = '{}' where id = %s",
        [person.erasure_id],
    )


def note_remaining(connection: psycopg.Connection[DictRow], person: Person, remaining: Sequence[str]) -> None:
    """The person was still found there. The next run tries again, and operators can see where."""
    connection.execute("update erasures set remaining = %s where id = %s", [list(remaining), person.erasure_id])
