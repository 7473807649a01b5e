"""`make bench`: run the measurements that are named, or all."""

import click

from bench.pipeline import measure_pipeline


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(["pipeline"]))
def main(names: tuple[str, ...]) -> None:
    """Measure what is named: pipeline (import and pipeline over the real data beside the project)."""
    measurements = {"pipeline": measure_pipeline}
    for name in names or tuple(measurements):
        measurements[name]()


if __name__ == "__main__":
    main()
