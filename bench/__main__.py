"""`make bench`: run the measurements that are named, or all."""

import click

from bench.events import measure_events
from bench.kill import measure_kills
from bench.login_timing import measure_login_timing
from bench.pipeline import measure_pipeline
from bench.shell import measure_shell


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(["pipeline", "shell", "events", "kill", "login-timing"]))
def main(names: tuple[str, ...]) -> None:
    """Measure what is named.

    pipeline: import and pipeline over the real data beside the project. shell: the cost around a handler. events:
    taking in events, against a plain COPY. kill: what is left of 100,000 events when everything that stores them is
    killed 20 times. login-timing: whether refused log-ins take equally long whatever is wrong.
    """
    measurements = {
        "pipeline": measure_pipeline,
        "shell": measure_shell,
        "events": measure_events,
        "kill": measure_kills,
        "login-timing": measure_login_timing,
    }
    for name in names or tuple(measurements):
        measurements[name]()


if __name__ == "__main__":
    main()
