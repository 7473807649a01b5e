"""`python cli/monitor.py`: how everything stands, for those who run it."""

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
from cli.output import MONITOR, examples  # noqa: E402

PLACES = {
    "dashboard": ("cli.monitoring.dashboard:dashboard", "Servers, runs, publication, backlog and alerts at a glance."),
    "report": ("cli.monitoring.report:report", "The figures of a period: runs, events, freshness."),
    "alerts": ("cli.monitoring.alerts:alerts", "What has to be looked at, and why."),
}


@click.group(
    cls=LazyGroup,
    places=PLACES,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("dashboard", "report --days 30 --json", "alerts", program=MONITOR),
)
def monitor() -> None:
    """See how the marketplace runs.

    Ends with status 0 when all is well, 1 when a problem was found, 2 when it was used in a wrong way.
    """


if __name__ == "__main__":
    sys.exit(run(monitor))
