"""The figures of the registry as each surface shows them, in one form: cells that can be held against each other."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import httpx

from cli.export import export
from cli.failure import run
from dashboards.data import find_publication, load_figures
from warehouse.marts import DateRange, Figure, MartsConnections
from warehouse.metrics import METRICS, Dimension, Metric, figures_statement, metric
from warehouse.snapshot.metric_view import VIEW_SCHEMA, view_name

FIRST, LAST = date(2026, 3, 1), date(2026, 4, 29)
RATIO_TOLERANCE = 1e-12


@dataclass(frozen=True, order=True)
class Cell:
    """One figure: a metric of a dimension's value on a day, in a currency."""

    metric: str
    dimension: Dimension
    dimension_value: str
    period_start: str
    currency: str


Cells = Mapping[Cell, Any]


def of_api(client: httpx.Client, headers: Mapping[str, str], dimension: Dimension, **parameters: Any) -> Cells:
    """What operators read, page by page."""
    asked = {"dimension": dimension, "date_from": str(FIRST), "date_to": str(LAST), "limit": 100, **parameters}
    cells: dict[Cell, Any] = {}
    cursor = None
    while True:
        page = client.get(
            "/analytics/overview", headers=headers, params={**asked, **({"cursor": cursor} if cursor else {})}
        )
        assert page.status_code == 200, page.text
        for item in page.json()["items"]:
            cell = Cell(
                item["metric"], dimension, item["dimension_value"], item["period_start"], item["currency"] or ""
            )
            assert cell not in cells
            cells[cell] = exact(metric(item["metric"]), item["value"])
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return cells


def of_dashboards(connections: MartsConnections, sellers: Iterable[str], dimension: Dimension) -> Cells:
    """What sellers' pages show, of all sellers together."""
    publication = find_publication(connections)
    assert publication is not None
    found: list[Figure] = []
    for seller in sellers:
        found += load_figures(
            connections,
            organization_id=seller,
            publication_id=publication.publication_id,
            days=DateRange(FIRST, LAST),
            dimension=dimension,
        )
    return {
        Cell(each.metric, dimension, each.dimension_value, str(each.period_start), each.currency or ""): each.value
        for each in found
    }


def of_snapshot(snapshot: Path, dimension: Dimension) -> Cells:
    """What analysts read in the views of the snapshot."""
    cells: dict[Cell, Any] = {}
    with duckdb.connect(str(snapshot), read_only=True) as database:
        for entry in METRICS:
            if dimension in entry.dimensions:
                rows = database.execute(f"select * from {VIEW_SCHEMA}.{view_name(entry, dimension)}")
                names = [column[0] for column in rows.description]
                for row in rows.fetchall():
                    cells |= _of_view(entry, dimension, dict(zip(names, row, strict=True)))
    return cells


def _of_view(entry: Metric, dimension: Dimension, row: Mapping[str, Any]) -> Cells:
    key = {"category": "category", "seller": "seller_organization_id", "prompt": "prompt_id"}.get(dimension)
    value = row[key] if key else "all"
    return {Cell(entry.slug, dimension, value, str(row["day"]), row["currency"] or ""): row["value"]}


def of_statement(snapshot: Path, entry: Metric) -> Cells:
    """What a metric's definition of this moment makes of the whole marketplace in the snapshot."""
    with duckdb.connect(str(snapshot), read_only=True) as database:
        rows = database.execute(figures_statement(entry, "marketplace")).fetchall()
    return {Cell(entry.slug, "marketplace", "all", str(row[0]), row[2] or ""): row[3] for row in rows}


def of_csv(text: str) -> Cells:
    """What an exported file holds."""
    cells: dict[Cell, Any] = {}
    for row in csv.DictReader(StringIO(text)):
        cell = Cell(row["metric"], row["dimension"], row["dimension_value"], row["period_start"], row["currency"])  # type: ignore[arg-type]
        cells[cell] = exact(metric(row["metric"]), row["value"] or None)
    return cells


def of_command(directory: Path, dimension: Dimension, *options: str) -> Cells:
    """What the command line exports."""
    path = directory / f"{dimension}.csv"
    assert run(export, ["metrics", "--dimension", dimension, "-o", str(path), *options]) == 0
    return of_csv(path.read_text())


def exact(entry: Metric, value: Any) -> Any:
    """A value out of text: ratios are numbers, amounts decimals, and everything else is whole."""
    if value is None:
        return None
    if entry.type == "ratio":
        return float(value)
    return Decimal(value) if entry.unit == "currency" else int(value)


def differences(one: Cells, other: Cells) -> list[str]:
    """Cells that only one has, and those whose values differ: whole numbers and amounts at all, ratios by 1e-12."""
    found = [f"{cell} is in one alone" for cell in sorted(one.keys() ^ other.keys())]
    for cell in sorted(one.keys() & other.keys()):
        mine, others = one[cell], other[cell]
        is_ratio = isinstance(mine, float) and isinstance(others, float)
        if (abs(mine - others) > RATIO_TOLERANCE) if is_ratio else (mine != others):
            found.append(f"{cell} is {mine} and {others}")
    return found


def of_one(cells: Cells, entry: Metric) -> Cells:
    """The cells of one metric."""
    return {cell: value for cell, value in cells.items() if cell.metric == entry.slug}


@contextmanager
def changed(entry: Metric) -> Iterator[None]:
    """Make a metric mean something else while the block runs: of other values, or of other rows."""
    before = entry.measure
    if before.aggregation == "sum":
        # A rate with an interval can not be over 1.
        after = replace(before, expression=f"{'0 *' if entry.has_interval else '1 +'} {before.expression}")
    else:
        after = replace(before, condition="false" if before.condition is None else None)
    if after.expression == "*":
        after = replace(after, expression="1")
    # Definitions are frozen: nothing in the product can do this.
    object.__setattr__(entry, "measure", after)
    try:
        yield
    finally:
        object.__setattr__(entry, "measure", before)
