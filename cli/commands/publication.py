"""`manage.py pipeline publications` and `restore`: what was published, and going back to it."""

import os
import pwd
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from cli.database import open_servers
from cli.failure import CommandFailed
from cli.output import examples, to_json
from warehouse.databases import connect
from warehouse.settings import get_settings

if TYPE_CHECKING:
    from warehouse.snapshot.restoring import KnownPublication, Restoration

LISTED = 20
LISTED_MAX = 100_000
HELD = """
select prompts.id::text as prompt_id
from prompts
where exists (
    select from decisions
    where kind = 'ranking_hold' and ended_at is null and coalesce(ends_at > now(), true)
        and (prompt_id = prompts.id or (prompt_id is null and organization_id = prompts.seller_organization_id))
)
"""


@click.command(epilog=examples("pipeline publications", "pipeline publications --limit 100 --json"))
@click.option(
    "--limit",
    type=click.IntRange(min=1, max=LISTED_MAX),
    default=LISTED,
    show_default=True,
    help="How many, the newest first.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def publications(limit: int, as_json: bool) -> None:
    """List what was published, and which of it is kept and can be restored.

    Kept are as many of the newest as SNAPSHOTS_KEPT says, and the last one of each of the last SNAPSHOT_DAYS_KEPT days.
    """
    from warehouse.snapshot import snapshot_directory
    from warehouse.snapshot.restoring import list_publications

    with open_servers() as servers:
        known = list_publications(servers.warehouse_url, snapshot_directory(get_settings().data_path), limit=limit)
    if as_json:
        click.echo(to_json([asdict(each) for each in known]))
        return
    if not known:
        click.echo("Nothing has been published yet; `pipeline run` does it.")
    for each in known:
        click.echo(_line(each))


@click.command(epilog=examples("pipeline restore 20261123T053801123456Z-5f0c2a9e"))
@click.argument("publication_id")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def restore(publication_id: str, as_json: bool) -> None:
    """Make an earlier publication what readers see: API, dashboards, rankings and the analysts' snapshot.

    All of it changes at once, or nothing does. The next pipeline run publishes as usual, so turn its schedules and its
    sensor off in Dagster first if it would publish again what you went back from. Ends with status 1 when the
    publication is not kept, was made by other models, or holds somebody who is being erased.
    """
    from orchestration.lock import PipelineAlreadyRunning, hold_pipeline_lock
    from warehouse.erasure import read_open
    from warehouse.snapshot import snapshot_directory
    from warehouse.snapshot.restoration import note_restorations
    from warehouse.snapshot.restoring import RestoreRefused, restore_publication

    restored_by = _user_name()
    with open_servers() as servers, connect(servers.database_url, autocommit=True) as application:
        try:
            with hold_pipeline_lock(servers.warehouse_url):
                restoration = restore_publication(
                    servers.warehouse_url,
                    snapshot_directory(get_settings().data_path),
                    publication_id,
                    restored_by=restored_by,
                    people=read_open(application, settle_seconds=0),
                    held_prompts=[row["prompt_id"] for row in application.execute(HELD)],
                )
        except (RestoreRefused, PipelineAlreadyRunning) as error:
            raise CommandFailed(str(error)) from None
        finally:
            # Also of one that was killed before it came here.
            note_restorations(servers.database_url, servers.warehouse_url)
    if as_json:
        click.echo(to_json({**asdict(restoration), "is_new": restoration.is_new}))
    else:
        _report(restoration)


def _user_name() -> str:
    """What the operating system calls whoever typed this, or else the number it knows them by."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _report(restoration: "Restoration") -> None:
    if not restoration.is_new:
        click.echo(f"Publication {restoration.publication_id} is the current one.")
        return
    click.echo("Rows that changed:")
    for name, count in restoration.changed_rows.items():
        click.echo(f"  {name:<40} {count:>12,}")
    click.echo(
        f"Publication {restoration.publication_id} is the current one again; it was "
        f"{restoration.replaced_publication_id}. The next pipeline run publishes as usual."
    )


def _line(each: "KnownPublication") -> str:
    kept = f"kept, {each.kept_bytes / 1e6:,.1f} MB" if each.kept_bytes is not None else "not kept"
    restored = f", restored {_second(each.restored_at)}" if each.restored_at else ""
    return (
        f"{each.publication_id}  {each.status:<10}  as of {_second(each.as_of)}, "
        f"published {_second(each.finished_at)}, {kept}{restored}"
    )


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
