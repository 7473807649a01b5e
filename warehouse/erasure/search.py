"""Looks who of several people a table names: the table is read once, however many they are."""

from collections.abc import Sequence

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from warehouse.erasure.person import Person

# A row is compared with each person only when it names any of them, which few do.
NAMED = """
select distinct people.number
from {table} as whole
cross join lateral (
    select named.number
    from unnest(%(patterns)s::text[]) with ordinality as named (pattern, number)
    where {each}
) as people
where {any}
order by 1
"""


def named_in(
    connection: psycopg.Connection[DictRow],
    table: sql.Identifier,
    texts: Sequence[sql.Composable],
    people: Sequence[Person],
) -> list[Person]:
    """The people that a table names in any of these texts of a row, which is called `whole`."""
    if not people or not texts:
        return []
    patterns = [person.text_pattern for person in people]
    statement = sql.SQL(NAMED).format(
        table=table,
        each=sql.SQL(" or ").join(sql.SQL("{} ~* named.pattern").format(text) for text in texts),
        any=sql.SQL(" or ").join(sql.SQL("{} ~* %(any)s").format(text) for text in texts),
    )
    found = connection.execute(statement, {"patterns": patterns, "any": "|".join(patterns)}).fetchall()
    return [people[row["number"] - 1] for row in found]
