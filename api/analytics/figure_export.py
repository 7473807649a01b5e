"""Figures of the registry as a file that is written while it is read."""

import csv
import io
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, Literal

import orjson
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from api.analytics.errors import MetricNotComputable
from api.analytics.figures import Wanted, describe, plan
from api.analytics.schemas import MetricFigure
from warehouse.marts import MartsConnections, read_marts
from warehouse.tenancy import Scope

Format = Literal["csv", "json"]

MEDIA_TYPES: dict[Format, str] = {"csv": "text/csv; charset=utf-8", "json": "application/x-ndjson"}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One figure a line, with the publication it is of",
        "content": {"text/csv": {"schema": {"type": "string"}}, "application/x-ndjson": {"schema": {}}},
    }
}
LINES_AT_ONCE = 500
COLUMNS = (
    "metric",
    "dimension",
    "dimension_value",
    "grain",
    "period_start",
    "currency",
    "value",
    "numerator",
    "denominator",
    "interval_low",
    "interval_high",
    "is_complete",
    "as_of",
    "publication_id",
)


async def answer(connections: MartsConnections, scope: Scope, wanted: Wanted, file_format: Format) -> StreamingResponse:
    """The file. Raises what `read_page` of figures raises, before anything is sent."""
    if wanted.seller_organization_id is not None and wanted.dimension not in ("seller", "prompt"):
        raise MetricNotComputable(f"figures by {wanted.dimension} are for operators; choose seller or prompt")
    parts = _parts(connections, scope, wanted, file_format)
    first = await run_in_threadpool(next, parts)
    return StreamingResponse(
        chain([first], parts),
        media_type=MEDIA_TYPES[file_format],
        headers={
            "Content-Disposition": f'attachment; filename="figures-by-{wanted.dimension}.{_ENDINGS[file_format]}"'
        },
    )


_ENDINGS: dict[Format, str] = {"csv": "csv", "json": "jsonl"}


def _parts(connections: MartsConnections, scope: Scope, wanted: Wanted, file_format: Format) -> Iterator[bytes]:
    """The file in parts, all of one publication; the first one comes when all that was asked for is found right."""
    with read_marts(connections, scope) as marts:
        query = plan(marts, wanted)
        yield _csv([COLUMNS]) if file_format == "csv" else b""
        publication = marts.publication
        if query is None or publication is None:
            return
        origin = {"as_of": publication.data_as_of.isoformat(), "publication_id": publication.publication_id}
        rows = (
            _row(describe(figure, query, publication.complete_through), wanted, origin)
            for figure in marts.stream_figures(query)
        )
        while part := list(islice(rows, LINES_AT_ONCE)):
            if file_format == "csv":
                yield _csv([[_cell(row[column]) for column in COLUMNS] for row in part])
            else:
                yield b"".join(orjson.dumps(row) + b"\n" for row in part)


def _row(figure: MetricFigure, wanted: Wanted, origin: dict[str, str]) -> dict[str, Any]:
    told = figure.model_dump(mode="json")
    interval = told.pop("interval") or {"low": None, "high": None}
    return {
        **told,
        "dimension": wanted.dimension,
        "grain": wanted.grain,
        "interval_low": interval["low"],
        "interval_high": interval["high"],
        **origin,
    }


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _csv(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
