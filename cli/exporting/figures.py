"""`export.py metrics`: the figures of the metric registry."""

from datetime import datetime
from pathlib import Path

import click

from cli.database import open_servers
from cli.day import DAY
from cli.exporting.output import file_options, report, write_export
from cli.failure import CommandFailed, CommandRefused
from cli.output import EXPORT, examples
from warehouse.exports.figure import FIGURE_COLUMNS, figure_rows
from warehouse.exports.file import FileFormat
from warehouse.exports.source import RowSet
from warehouse.marts import FigureQuery, Marts, read_marts
from warehouse.metrics import (
    DIMENSIONS,
    GRAINS,
    METRICS,
    Days,
    Dimension,
    Grain,
    Metric,
    MetricNotCutBy,
    MetricUnknown,
    figures_statement,
    metric,
)


@click.command(
    epilog=examples(
        "metrics -o figures.csv",
        "metrics --metric take_rate --dimension seller --grain month -o take.parquet",
        program=EXPORT,
    )
)
@click.option("--metric", "slugs", multiple=True, help="A metric by its slug, again for more; by default all.")
@click.option("--dimension", type=click.Choice(DIMENSIONS), default="marketplace", show_default=True, help="Cut by it.")
@click.option("--grain", type=click.Choice(GRAINS), default="day", show_default=True, help="For each, or in total.")
@click.option("--from", "first", type=DAY, help="First UTC day; by default the first with facts.")
@click.option("--to", "last", type=DAY, help="Last UTC day; by default the last with facts.")
@file_options
def metrics(
    slugs: tuple[str, ...],
    dimension: Dimension,
    grain: Grain,
    first: datetime | None,
    last: datetime | None,
    path: Path,
    file_format: FileFormat | None,
    as_json: bool,
) -> None:
    """Export figures of the metric registry, of the current publication. docs/metrics.md says what each means."""
    chosen = _choose(slugs, dimension, grain)
    with open_servers() as servers, read_marts(servers.warehouse_url) as marts:
        days = _days(marts, first, last)
        query = FigureQuery(chosen, dimension, days, grain)
        written = write_export(path, file_format, RowSet(FIGURE_COLUMNS, figure_rows(marts, query), 0))
        publication_id = marts.publication.publication_id if marts.publication else None
    report(written, as_json=as_json, publication_id=publication_id)


def _choose(slugs: tuple[str, ...], dimension: Dimension, grain: Grain) -> tuple[Metric, ...]:
    if not slugs:
        return tuple(entry for entry in METRICS if dimension in entry.dimensions and grain in entry.grains)
    try:
        chosen = tuple(metric(slug) for slug in dict.fromkeys(slugs))
        for entry in chosen:
            # Says what there is instead.
            figures_statement(entry, dimension, grain=grain, days=Days(datetime.min.date(), datetime.max.date()))
    except (MetricUnknown, MetricNotCutBy) as error:
        raise CommandRefused(f"{error}.") from None
    return chosen


def _days(marts: Marts, first: datetime | None, last: datetime | None) -> Days:
    available = marts.days_with_facts()
    if available is None:
        raise CommandFailed("Nothing has been published yet. Publish with: python cli/manage.py pipeline run")
    days = Days(first.date() if first else available.first, last.date() if last else available.last)
    if days.first > days.last:
        raise CommandRefused(f"--from must not be after --to: {days.first} is after {days.last}.")
    return days
