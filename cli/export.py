"""`python cli/export.py`: what the marketplace holds, as files."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Run as a file, Python looks for modules beside this one instead of in the project.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from cli.interpreter import require_dependencies

require_dependencies()

import click  # noqa: E402

from cli.failure import run  # noqa: E402
from cli.group import LazyGroup  # noqa: E402
from cli.output import EXPORT, examples  # noqa: E402

PLACES = {
    "users": ("cli.exporting.tables:users", "Who is registered, with their companies."),
    "prompts": ("cli.exporting.tables:prompts", "Prompts with their current text, as a catalog."),
    "transactions": ("cli.exporting.tables:transactions", "Orders, and what was refunded of each."),
    "events": ("cli.exporting.tables:events", "Events, from the database and the lake."),
    "marts": ("cli.exporting.tables:marts", "The published marts, one or all."),
    "metrics": ("cli.exporting.figures:metrics", "Figures of the metric registry."),
    "full-backup": ("cli.exporting.backup:full_backup", "All tables, events and marts as a directory."),
}


@click.group(
    cls=LazyGroup,
    places=PLACES,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("users -o users.csv", "marts -o marts.jsonl", "full-backup -o backup", program=EXPORT),
)
def export() -> None:
    """Export the marketplace into files (JSON, JSON Lines, CSV or Parquet).

    A file appears under its name when it is whole, replaces one that is there, and only its owner can read it. Memory
    does not grow with the rows. Amounts are exact: in JSON and CSV decimals are text, in Parquet decimals.

    In CSV a text that a spreadsheet would take for a formula (it begins with = + - @, a tab or a line's end) has a '
    before it, which `manage.py import` takes off again. Numbers, also negative ones, are as they are.

    Ends with status 0 when all was written, 1 when a problem was found, 2 when it was used in a wrong way.
    """


if __name__ == "__main__":
    sys.exit(run(export))
