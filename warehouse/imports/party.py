"""Organizations and users that files name: created as imported, without a log-in."""

from collections.abc import Collection
from uuid import UUID

from warehouse.imports.identity import imported_id
from warehouse.imports.importer import Connection

# A user of a file has a company of its own; sellers are named by company, so the two can't be taken for each other.
OWN_ORGANIZATION_PREFIX = "user:"

ORGANIZATIONS = """
insert into organizations (id, name, external_id, is_imported)
select id, name, external_id, true
from unnest(%(ids)s::uuid[], %(names)s::text[], %(external_ids)s::text[]) as named (id, name, external_id)
where not exists (select 1 from organizations where organizations.external_id = named.external_id)
on conflict do nothing
"""
USERS = """
insert into users (id, organization_id, role, external_id)
select named.id, organizations.id, 'buyer', named.external_id
from unnest(%(ids)s::uuid[], %(external_ids)s::text[], %(organizations)s::text[])
    as named (id, external_id, organization)
inner join organizations on named.organization = organizations.external_id
where not exists (select 1 from users where users.external_id = named.external_id)
on conflict do nothing
"""


def ensure_organizations(connection: Connection, names: dict[str, str]) -> None:
    """Create the organizations that are missing; `names` by external id."""
    external_ids = sorted(names)
    parameters = {
        "ids": [imported_id("organization", external_id) for external_id in external_ids],
        "names": [names[external_id] for external_id in external_ids],
        "external_ids": external_ids,
    }
    connection.execute(ORGANIZATIONS, parameters)


def ensure_users(connection: Connection, external_ids: Collection[str]) -> None:
    """Create the users that are missing, each in an organization of its own."""
    known = connection.execute("select external_id from users where external_id = any(%s)", [list(external_ids)])
    unknown = sorted(set(external_ids) - {row["external_id"] for row in known})
    if not unknown:
        return
    ensure_organizations(connection, {OWN_ORGANIZATION_PREFIX + external_id: external_id for external_id in unknown})
    parameters = {
        "ids": [imported_id("user", external_id) for external_id in unknown],
        "external_ids": unknown,
        "organizations": [OWN_ORGANIZATION_PREFIX + external_id for external_id in unknown],
    }
    connection.execute(USERS, parameters)


def organization_ids(connection: Connection, external_ids: Collection[str]) -> dict[str, UUID]:
    """Ids of organizations by external id; those that don't exist are left out."""
    rows = connection.execute(
        "select external_id, id from organizations where external_id = any(%s)", [list(external_ids)]
    )
    return {row["external_id"]: row["id"] for row in rows}
