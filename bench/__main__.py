"""`make bench`: run the measurements that are named, or all."""

import click

from bench.pipeline import measure_pipeline
from bench.shell import measure_shell


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(["pipeline", "shell"]))
def main(names: tuple[str, ...]) -> None:
    """Measure what is named: pipeline (import and pipeline over the real data), shell (the cost around a handler)."""
    measurements = {"pipeline": measure_pipeline, "shell": measure_shell}
    for name in names or tuple(measurements):
        measurements[name]()


if __name__ == "__main__":
    main()
