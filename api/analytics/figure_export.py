"""Figures of the registry as a file that is written while it is read."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Literal

import orjson
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from api.analytics.errors import MetricNotComputable
from api.analytics.figures import Wanted, plan
from warehouse.exports.column import json_value
from warehouse.exports.csv_line import csv_lines
from warehouse.exports.figure import FIGURE_COLUMNS, figure_rows
from warehouse.marts import MartsConnections, read_marts
from warehouse.tenancy import Scope

Format = Literal["csv", "json"]

MEDIA_TYPES: dict[Format, str] = {"csv": "text/csv; charset=utf-8", "json": "application/x-ndjson"}
ENDINGS: dict[Format, str] = {"csv": "csv", "json": "jsonl"}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One figure a line, with the publication it is of",
        "content": {"text/csv": {"schema": {"type": "string"}}, "application/x-ndjson": {"schema": {}}},
    }
}
LINES_AT_ONCE = 500
NAMES = [column.name for column in FIGURE_COLUMNS]


async def answer(connections: MartsConnections, scope: Scope, wanted: Wanted, file_format: Format) -> StreamingResponse:
    """The file. Raises what `read_page` of figures raises, before anything is sent."""
    if wanted.seller_organization_id is not None and wanted.dimension not in ("seller", "prompt"):
        raise MetricNotComputable(f"figures by {wanted.dimension} are for operators; choose seller or prompt")
    parts = _parts(connections, scope, wanted, file_format)
    first = await run_in_threadpool(next, parts)
    file_name = f"figures-by-{wanted.dimension}.{ENDINGS[file_format]}"
    return StreamingResponse(
        chain([first], parts),
        media_type=MEDIA_TYPES[file_format],
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def _parts(connections: MartsConnections, scope: Scope, wanted: Wanted, file_format: Format) -> Iterator[bytes]:
    """The file in parts, all of one publication; the first one comes when all that was asked for is found right."""
    with read_marts(connections, scope) as marts:
        query = plan(marts, wanted)
        yield csv_lines([NAMES]).encode() if file_format == "csv" else b""
        rows = figure_rows(marts, query) if query else iter(())
        while part := list(islice(rows, LINES_AT_ONCE)):
            yield csv_lines(part).encode() if file_format == "csv" else _json(part)


def _json(rows: Iterable[Iterable[Any]]) -> bytes:
    lines = (orjson.dumps(dict(zip(NAMES, map(json_value, row), strict=True))) for row in rows)
    return b"".join(line + b"\n" for line in lines)
