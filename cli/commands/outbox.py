"""`manage.py outbox`: mails and Stripe customers that are owed."""

import click

from cli.database import open_database
from cli.output import examples, to_json

STATUS = """
select
    kind,
    count(*) filter (where given_up_at is null) as waiting,
    count(*) filter (where given_up_at is not null) as given_up,
    min(created_at) as oldest_created_at,
    (array_agg(last_error order by attempt_count desc) filter (where last_error is not null))[1] as last_error
from outbox
group by kind
order by kind
"""
RETRY = """
update outbox set given_up_at = null, attempt_count = 0, next_attempt_at = now()
where %(kind)s::text is null or kind = %(kind)s
"""


@click.group(epilog=examples("outbox status", "outbox retry"))
def outbox() -> None:
    """Show what is owed to mail and Stripe, or try it again."""


@outbox.command(epilog=examples("outbox status", "outbox status --json"))
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def status(as_json: bool) -> None:
    """Count what waits and what was given up. Ends with status 1 when something was given up."""
    with open_database() as connection:
        kinds = connection.execute(STATUS).fetchall()
    if as_json:
        click.echo(to_json(kinds))
    elif not kinds:
        click.echo("Nothing is owed.")
    else:
        for each in kinds:
            click.echo(f"{each['kind']:<26}{each['waiting']:>7,} waiting{each['given_up']:>7,} given up")
            if each["last_error"]:
                click.echo(f"  {each['last_error']}")
    if any(each["given_up"] for each in kinds):
        click.get_current_context().exit(1)


@outbox.command(epilog=examples("outbox retry", "outbox retry --kind mail.invitation"))
@click.option("--kind", help="Only tasks of this kind, as `outbox status` names it.")
def retry(kind: str | None) -> None:
    """Let the running service try everything again, also what was given up. It notices within half a minute."""
    with open_database() as connection:
        found = connection.execute(RETRY, {"kind": kind})
    click.echo(f"{found.rowcount:,} tasks are due now.")
