"""The registry as the page `docs/metrics.md`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from warehouse.metrics.definition import Metric
from warehouse.metrics.registry import METRICS
from warehouse.metrics.source import WINDOW_DAYS

DOCUMENT = Path("docs/metrics.md")

HEAD = f"""# Metrics

What the figures in the API, the dashboards, the exports and the marts mean. Made from `warehouse/metrics/` by
`python -m warehouse.metrics`; edit there. The words are MetricFlow's: a metric is `simple` (one measure), a `ratio` of
two, or `cumulative` (one over a window of days); a measure is an aggregation over the rows of marts.

A metric can be cut by the dimensions it names; `marketplace` is the whole. Where its marts have a currency a figure is
of one: amounts of different currencies are never added, and traffic counts in the list currency of its prompt. A rate
over several days is computed from the counts of those days. A figure with a window of {WINDOW_DAYS} days is of the days
up to and with its own, and is computed for days alone. A figure that is followed for some days is complete when those
after the last day of its period are over, any other when its period is. Events that a sender samples count as sent, not
weighted by `sample_rate`. A rate with an interval carries Wilson's 95 % score interval.

Read them at `/api/v1/analytics/overview` (operators), at `/api/v1/analytics/sellers/me/performance` (sellers), as a
file from `/api/v1/analytics/export` or `python cli/export.py metrics`, or in the analysts' snapshot as views such as
`metrics.order_count_by_category`.
"""


def render_document(metrics: Sequence[Metric] = METRICS) -> str:
    """The registry as Markdown."""
    lines = [HEAD]
    for entry in metrics:
        lines += [f"## {entry.label}", "", *_facts(entry), ""]
    return "\n".join(lines).rstrip() + "\n"


def _facts(entry: Metric) -> list[str]:
    additive = "yes" if entry.is_additive else "no: recompute it, never sum or average it"
    rows = {
        "slug": f"`{entry.slug}`",
        "type": entry.type,
        "unit": entry.unit,
        "formula": f"`{entry.formula}`",
        "marts": ", ".join(f"`{mart}`" for mart in entry.marts),
        "time dimension": f"`{entry.agg_time_dimension}`",
        "window": f"{entry.window_days} days" if entry.window_days else "none",
        "grain": entry.grain,
        "dimensions": ", ".join(entry.dimensions),
        "interval": "Wilson, 95 %" if entry.has_interval else "none",
        "adds up over days": additive,
        "owner": entry.owner,
        "leaves out": entry.leaves_out,
    }
    return ["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items())]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write `docs/metrics.md` under the current directory."""
    parser = argparse.ArgumentParser(prog="python -m warehouse.metrics", description=main.__doc__)
    parser.add_argument("-o", "--output", type=Path, default=DOCUMENT, help=f"file to write (default {DOCUMENT})")
    output: Path = parser.parse_args(arguments).output
    output.write_text(render_document(), encoding="utf-8")
    print(f"{len(METRICS)} metrics written to {output}")
    return 0
