"""`manage.py user`: who can log in."""

import sys
from typing import Any

import click
import psycopg
from psycopg.rows import DictRow

from cli.account import ROLES, AccountInvalid, EmailTaken, create_account
from cli.database import open_database
from cli.failure import CommandFailed, CommandRefused
from cli.output import examples, one_line, to_json
from warehouse.settings import get_settings

USERS = """
select
    users.id, users.email, users.external_id, users.role, users.is_active,
    organizations.id as organization_id, organizations.name as company, users.created_at
from users inner join organizations on users.organization_id = organizations.id
where users.email is not null or %(with_imported)s
order by users.created_at, users.id
"""
IMPORTED = "select count(*) as imported from users where email is null"


@click.group(
    epilog=examples("user list", "user create --role admin", "user erase ana@acme.example --reason 'Request 12'")
)
def user() -> None:
    """List users, create, close or erase one."""


@user.command("list", epilog=examples("user list", "user list --all --json"))
@click.option("--all", "with_imported", is_flag=True, help="Imported users as well, who have no log-in.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def list_(with_imported: bool, as_json: bool) -> None:
    """List the users who can log in."""
    with open_database() as connection:
        users = connection.execute(USERS, {"with_imported": with_imported}).fetchall()
        imported = connection.execute(IMPORTED).fetchone() or {"imported": 0}
    if as_json:
        click.echo(to_json(users))
        return
    for each in users:
        _echo(each)
    if not users:
        click.echo("Nobody can log in yet. Create a user with: python cli/manage.py user create")
    if imported["imported"] and not with_imported:
        click.echo(f"{imported['imported']:,} imported users without a log-in are not shown (--all shows them).")


def _echo(found: DictRow) -> None:
    name = found["email"] or f"({found['external_id']})"
    state = "" if found["is_active"] else "  inactive"
    click.echo(f"{one_line(name):<40}{found['role']:<8}{one_line(found['company'])}{state}")


@user.command(
    epilog=examples(
        "user create", "user create --email ana@acme.example --role seller --company Acme", "user create --role admin"
    )
)
@click.option("--email", prompt=True, help="The address to log in with.")
@click.option("--role", type=click.Choice(ROLES), prompt=True, help="What the user may do.")
@click.option("--company", prompt=True, help="Name of the user's company, which is created with it.")
@click.option("--password", help="15 characters or more. Asked for when missing, so that it stays out of the history.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def create(email: str, role: str, company: str, password: str | None, as_json: bool) -> None:
    """Create a company and its first user. Asks for what is missing."""
    if password is None:
        # From a pipe nothing is echoed, and nobody mistypes.
        is_typed = sys.stdin.isatty()
        password = click.prompt("Password", hide_input=is_typed, confirmation_prompt=is_typed)
    with open_database() as connection:
        created = _create(connection, email=email, role=role, company=company, password=str(password))
    if as_json:
        click.echo(to_json(created))
    else:
        click.echo(f"Created the {role} {created['email']} of {created['company']} ({created['id']}).")


def _create(
    connection: psycopg.Connection[DictRow], *, email: str, role: str, company: str, password: str
) -> dict[str, Any]:
    try:
        account = create_account(connection, get_settings(), email=email, role=role, company=company, password=password)
    except AccountInvalid as error:
        raise CommandRefused(str(error)) from None
    except EmailTaken as error:
        raise CommandFailed(str(error)) from None
    return {"id": account.user_id, "email": account.email, "role": role, "company": account.company,
            "organization_id": account.organization_id}  # fmt: skip


@user.command(epilog=examples("user deactivate ana@acme.example --reason 'Left the company'"))
@click.argument("email")
@click.option("--reason", required=True, help="Why; kept in the audit log.")
def deactivate(email: str, reason: str) -> None:
    """Close an account: its sessions end at once, and it can't log in."""
    _change_activity(email, is_active=False, reason=reason)
    click.echo(f"{email} can't log in any more.")


@user.command(epilog=examples("user reactivate ana@acme.example --reason 'Came back'"))
@click.argument("email")
@click.option("--reason", required=True, help="Why; kept in the audit log.")
def reactivate(email: str, reason: str) -> None:
    """Open a closed account again."""
    _change_activity(email, is_active=True, reason=reason)
    click.echo(f"{email} can log in again.")


def _change_activity(email: str, *, is_active: bool, reason: str) -> None:
    # Imported late: it is the whole service, which other commands should not wait for.
    from cli.account_care import change_activity, find_account

    with open_database() as connection:
        user_id = find_account(connection, email)
    change_activity(user_id, is_active=is_active, reason=reason)


@user.command(epilog=examples("user erase ana@acme.example --reason 'Request 12'"))
@click.argument("email")
@click.option("--reason", required=True, help="Why, such as the number of the person's request; kept in the audit log.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def erase(email: str, reason: str, yes: bool) -> None:
    """Erase a person: the account at once, events, marts and snapshots with the next run of the pipeline.

    The e-mail goes from the data of others too, verified or not: make sure first that it is the person who asks.
    """
    from cli.account_care import erase_account, find_account

    with open_database() as connection:
        user_id = find_account(connection, email)
    if not yes:
        click.confirm(f"Erase {email}? This can't be undone", abort=True)
    erase_account(user_id, reason=reason)
    click.echo(f"{email} is erased. The next runs of the pipeline do the rest.")
