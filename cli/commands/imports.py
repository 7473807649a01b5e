"""`manage.py import`: files of other systems into the marketplace."""

from pathlib import Path
from typing import Any

import click

from cli.database import open_database
from cli.failure import PROBLEM
from cli.output import examples, one_line, to_json
from cli.progress import progress_bar
from cli.template import name_variables
from warehouse.imports import Refusal, Report, import_file
from warehouse.imports.formats import FORMATS, Format
from warehouse.journal.quarantine import Kind

REFUSED_SHOWN = 20

FILE = click.argument("file", type=click.Path(path_type=Path))
DRY_RUN = click.option("--dry-run", "is_dry_run", is_flag=True, help="Check every row and write nothing.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Report as JSON.")


@click.group("import", epilog=examples("import catalog prompts.csv.gz", "import orders sales.parquet --dry-run"))
def imports() -> None:
    """Import a catalog, events or orders from a file.

    Files are CSV with a header, JSON Lines or Parquet, by their ending (.csv, .jsonl, .ndjson, .parquet); the text ones
    may be packed (.gz). Times are RFC 3339 with a zone, epoch seconds or epoch milliseconds.

    A row that can't be taken in is named with its line, counted and kept in quarantine, and does not stop the others.
    Importing the same file again changes nothing.

    Ends with status 0 when all rows were taken in, 1 when some are in quarantine, 2 when the file can't be imported.
    """


@imports.command(epilog=examples("import catalog prompts.csv.gz", "import catalog prompts.jsonl --dry-run"))
@FILE
@DRY_RUN
@AS_JSON
def catalog(file: Path, is_dry_run: bool, as_json: bool) -> None:
    """Publish the prompts of FILE.

    Needed columns: external_id, title, template

    Others: description, category, tags (with ; between them), price_cents, currency, seller, model, created_at

    A known prompt takes on what changed; a changed template becomes its next version. What the file has no column for
    stays as it is. A prompt never moves to another seller.
    """
    _import("catalog", file, is_dry_run=is_dry_run, as_json=as_json)


@imports.command(epilog=examples("import events clicks.parquet", "import events export.jsonl.gz --format posthog"))
@FILE
@click.option(
    "--format", "export", type=click.Choice(list(FORMATS)), help="The system whose export FILE is; see docs/events.md."
)
@DRY_RUN
@AS_JSON
def events(file: Path, export: str | None, is_dry_run: bool, as_json: bool) -> None:
    """Store the events of FILE.

    Needed columns: event_id, event_name, occurred_at

    Others: source, prompt_external_id, user_external_id, anonymous_id, session_id, request_id, position, properties
    (JSON). An export of another system (--format) has the columns of that system.

    An event is known by its source and event_id, and stored once. Unknown users are made as imported, without a log-in.
    """
    _import("events", file, is_dry_run=is_dry_run, as_json=as_json, export=FORMATS[export] if export else None)


@imports.command(epilog=examples("import orders sales-2026.csv.gz", "import orders sales-2026.csv.gz --dry-run --json"))
@FILE
@DRY_RUN
@AS_JSON
def orders(file: Path, is_dry_run: bool, as_json: bool) -> None:
    """Record the paid orders of FILE.

    Needed columns: external_id, prompt_external_id, user_external_id, amount_cents, currency, paid_at

    Others: refunded_at, refunded_cents

    A known order takes up a refund it did not have; anything else that contradicts what is known goes into quarantine.
    Imported orders count in all figures. They give nobody the right to use a prompt.
    """
    _import("orders", file, is_dry_run=is_dry_run, as_json=as_json)


def _import(kind: Kind, file: Path, *, is_dry_run: bool, as_json: bool, export: Format | None = None) -> None:
    shown: list[Refusal] = []

    def show(refusal: Refusal) -> None:
        if len(shown) < REFUSED_SHOWN:
            shown.append(refusal)
            click.echo(one_line(f"{file}:{refusal.record.line}: {refusal.reason}: {refusal.detail}"), err=True)

    with open_database() as connection, progress_bar(file.name) as on_progress:
        report = import_file(
            connection,
            kind,
            file,
            is_dry_run=is_dry_run,
            on_progress=on_progress,
            on_refused=show,
            name_variables=name_variables,
            export=export,
            on_warning=lambda message: click.echo(one_line(f"Warning: {message}"), err=True),
        )
    if report.quarantined > len(shown):
        rest = report.quarantined - len(shown)
        click.echo(f"… and {rest:,} more rows" + ("" if is_dry_run else ", all of them in quarantine"), err=True)
    if as_json:
        click.echo(to_json(_as_json(kind, file, report, shown, is_dry_run=is_dry_run)))
    else:
        _echo(report, is_dry_run=is_dry_run)
    click.get_current_context().exit(PROBLEM if report.quarantined else 0)


def _as_json(kind: Kind, file: Path, report: Report, shown: list[Refusal], *, is_dry_run: bool) -> dict[str, Any]:
    return {
        "kind": kind,
        "file": str(file),
        "is_dry_run": is_dry_run,
        **report.to_dict(),
        "first_refused": [
            {"line": refusal.record.line, "reason": refusal.reason, "detail": refusal.detail} for refusal in shown
        ],
    }


def _echo(report: Report, *, is_dry_run: bool) -> None:
    if is_dry_run:
        click.echo("Dry run: nothing was written. An import now would report:")
    counts = report.to_dict()
    for name in ("read", "inserted", "updated", "unchanged", "duplicates", "quarantined"):
        click.echo(f"{name:<12}{counts[name]:>12,}")
    for reason, count in counts["reasons"].items():
        click.echo(f"  {reason:<30}{count:>12,}")
