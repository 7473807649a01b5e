"""`python cli/manage.py`: the table of contents of the command line."""

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
from cli.output import examples  # noqa: E402

PLACES = {
    "db": ("cli.commands.db:db", "Prepare, empty or fill the databases."),
    "user": ("cli.commands.user:user", "List users, create, close or erase one."),
    "import": ("cli.commands.imports:imports", "Import a catalog, events or orders from a file."),
    "events": ("cli.commands.events:events", "Count events, store what waits, or replay quarantine."),
    "lake": ("cli.commands.lake:lake", "Archive days of events as files, or verify the archive."),
    "outbox": ("cli.commands.outbox:outbox", "Show what is owed to mail and Stripe, or try it again."),
    "pipeline": (
        "cli.commands.pipeline:pipeline",
        "Run the pipeline that makes the marts, or go back.",
    ),
}


@click.group(
    cls=LazyGroup,
    places=PLACES,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("db init", "import catalog prompts.csv.gz", "pipeline run"),
)
def manage() -> None:
    """Run the marketplace from the command line.

    Ends with status 0 when all went well, 1 when a problem was found, 2 when it was used in a wrong way.
    """


if __name__ == "__main__":
    sys.exit(run(manage))
