"""`make bench`: run the measurements that are named, or all."""

import click

from bench.event_memory import measure_event_memory
from bench.events import measure_events
from bench.kill import measure_kills
from bench.login_timing import measure_login_timing
from bench.pipeline import measure_pipeline
from bench.shell import measure_shell

MEASUREMENTS = {
    "pipeline": measure_pipeline,
    "shell": measure_shell,
    "events": measure_events,
    "kill": measure_kills,
    "login-timing": measure_login_timing,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*MEASUREMENTS, "event-memory"]))
@click.option("--events", default=10_000_000, show_default=True, help="How many, for event-memory.")
def main(names: tuple[str, ...], events: int) -> None:
    """Measure what is named, by default all but event-memory, which takes long.

    pipeline: import and pipeline over the real data beside the project. shell: the cost around a handler. events:
    taking in events, against a plain COPY. kill: what is left of 100,000 events when everything that stores them is
    killed 20 times. login-timing: whether refused log-ins take equally long whatever is wrong. event-memory: what is
    held in memory while events go through.
    """
    for name in names or tuple(MEASUREMENTS):
        if name == "event-memory":
            measure_event_memory(events)
        else:
            MEASUREMENTS[name]()


if __name__ == "__main__":
    main()
