"""`make bench`: run the measurements that are named, or all."""

from pathlib import Path

import click

from bench.event_memory import measure_event_memory
from bench.events import measure_events
from bench.freshness import measure_freshness
from bench.imports import measure_import_memory, measure_imports
from bench.increment import measure_increment
from bench.kill import measure_kills
from bench.login_timing import measure_login_timing
from bench.pipeline import measure_pipeline
from bench.rebuild import measure_rebuild
from bench.shell import measure_shell
from bench.twice import measure_twice
from bench.year import measure_year

MEASUREMENTS = {
    "pipeline": measure_pipeline,
    "shell": measure_shell,
    "events": measure_events,
    "imports": measure_imports,
    "kill": measure_kills,
    "login-timing": measure_login_timing,
}
# These take long: not unless they are named. The number of events is `--events`.
LONG = {
    "event-memory": measure_event_memory,
    "import-memory": measure_import_memory,
    "rebuild": measure_rebuild,
    "twice": measure_twice,
}

# So do these, whose size is part of what they measure.
TIMED = {"year": measure_year, "freshness": measure_freshness}
KEPT = {"increment": measure_increment}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*MEASUREMENTS, *LONG, *TIMED, *KEPT]))
@click.option(
    "--events",
    default=10_000_000,
    show_default=True,
    help="How many, for event- and import-memory, increment, rebuild and twice.",
)
@click.option("--place", type=click.Path(path_type=Path), help="A directory in which increment keeps its histories.")
def main(names: tuple[str, ...], events: int, place: Path | None) -> None:
    """Measure what is named, by default all but the last seven, which take long.

    pipeline: import and pipeline over the real data beside the project. shell: the cost around a handler. events:
    taking in events, against a plain COPY. imports: events from Parquet, likewise. kill: what is left of 100,000 events
    when everything that stores them is killed 20 times. login-timing: whether refused log-ins take equally long
    whatever is wrong. event-memory and import-memory: what is held in memory while events go through, or come from a
    file. rebuild: all marts anew with DuckDB, against a script written by hand. twice: every event sent twice through
    HTTP is stored once. increment: a run over new events on top of few old ones, and of many. freshness: from the
    event to the figure it is in. year: the load of a day on top of a year.
    """
    for name in names or tuple(MEASUREMENTS):
        if name in LONG:
            LONG[name](events)
        elif name in KEPT:
            KEPT[name](events, place)
        elif name in TIMED:
            TIMED[name]()
        else:
            MEASUREMENTS[name]()


if __name__ == "__main__":
    main()
