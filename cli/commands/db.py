"""`manage.py db`: prepares, empties and fills the databases."""

import sys
from typing import TYPE_CHECKING

import click

from cli.failure import CommandRefused
from cli.output import examples, to_json
from warehouse.servers import running_servers
from warehouse.settings import database_name, get_settings

if TYPE_CHECKING:
    from warehouse.servers import Servers

# Everything the journal keeps in Redis: events of a database that is gone belong to no other.
JOURNAL_KEYS = "events:*"


@click.group(epilog=examples("db init", "db seed"))
def db() -> None:
    """Prepare, empty or fill the databases."""


@db.command(epilog=examples("db init"))
def init() -> None:
    """Create the databases and bring their tables up to date. Keeps what is in them."""
    with running_servers(get_settings()) as servers:
        click.echo(_prepare(servers))


@db.command(epilog=examples("db analyst") + '\n  psql "$(python cli/manage.py db analyst)"')
def analyst() -> None:
    """Print the URL an analyst connects with: it reads the marts, and nothing else. It holds a password."""
    with running_servers(get_settings()) as servers:
        _prepare(servers)
        click.echo(servers.access.analyst_url)


@db.command(epilog=examples("db reset", "db reset --yes"))
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:
    """Delete both databases with everything in them, and create them anew. Asks before; refused in production."""
    from warehouse.databases import drop_database

    settings = get_settings()
    if settings.environment == "production":
        raise CommandRefused("Production data is never deleted from here.")
    with running_servers(settings) as servers:
        names = f"{database_name(servers.database_url)} and {database_name(servers.warehouse_url)}"
        if not yes:
            if not sys.stdin.isatty():
                raise CommandRefused(f"This deletes {names} with everything in them. Say --yes if that is meant.")
            click.confirm(f"Delete {names} with everything in them?", abort=True)
        drop_database(servers.database_url)
        drop_database(servers.warehouse_url)
        _forget_journal(servers)
        click.echo(_prepare(servers))
        # A Dagster that runs meanwhile finds its tables again, empty.
        from orchestration.storage import prepare_records

        prepare_records(servers.warehouse_url)


@db.command(epilog=examples("db seed"))
@click.option("--again", is_flag=True, help="Import the sample data once more, to bring back what was deleted.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def seed(again: bool, as_json: bool) -> None:
    """Fill the marketplace with sample data and sample log-ins, once; refused in production.

    60 days of made-up buyers: prompts, searches, lists, clicks, orders and refunds. A second time adds nothing.
    """
    from cli.database import open_database
    from cli.sample import SAMPLE_PASSWORD, SAMPLE_USERS, seed_sample_data

    settings = get_settings()
    if settings.environment == "production":
        raise CommandRefused("Production gets no sample data: everybody knows the sample log-ins.")
    with running_servers(settings) as servers:
        _prepare(servers)
        with open_database() as connection:
            seeding = seed_sample_data(
                connection, settings, again=again, say=lambda line: click.echo(f"• {line}", err=as_json)
            )
    if as_json:
        report = {
            "is_new": seeding.is_new,
            "imported": {kind: report.to_dict() for kind, report in seeding.reports.items()},
            "users": [{"email": email, "role": role} for email, role in SAMPLE_USERS],
            "password": SAMPLE_PASSWORD,
        }
        click.echo(to_json(report))
        return
    if not seeding.is_new:
        click.echo("The sample data is there already.")
    click.echo(f"Sample log-ins, password {SAMPLE_PASSWORD}:")
    for email, role in SAMPLE_USERS:
        click.echo(f"  {email:<24}{role}")


def _prepare(servers: "Servers") -> str:
    """Create and migrate both databases; what was done, as a sentence."""
    from api.migrations import migrate
    from warehouse.loading import prepare_warehouse
    from warehouse.tenancy import prepare_access

    created = migrate(servers.database_url)
    prepare_warehouse(servers.warehouse_url)
    prepare_access(servers.access, database_url=servers.database_url, warehouse_url=servers.warehouse_url)
    names = f"{database_name(servers.database_url)} and {database_name(servers.warehouse_url)}"
    return f"Created the databases {names}." if created else f"The databases {names} are up to date."


def _forget_journal(servers: "Servers") -> None:
    import redis

    client: redis.Redis = redis.Redis.from_url(servers.redis_url)
    with client:
        for key in client.scan_iter(JOURNAL_KEYS):
            client.delete(key)
