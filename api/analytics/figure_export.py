"""Figures of the registry as a file."""

from collections.abc import Iterable
from contextlib import ExitStack
from itertools import islice
from typing import IO, Any, Literal

import orjson
from fastapi.responses import StreamingResponse

from api.analytics.errors import MetricNotComputable
from api.analytics.figures import Wanted, plan
from api.marts_reads import MartsReads
from api.sent_file import open_file, send_file
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


async def answer(reads: MartsReads, scope: Scope, wanted: Wanted, file_format: Format) -> StreamingResponse:
    """The file. Raises what `read_page` of figures raises, before anything is sent."""
    if wanted.seller_organization_id is not None and wanted.dimension not in ("seller", "prompt"):
        raise MetricNotComputable(f"figures by {wanted.dimension} are for operators; choose seller or prompt")
    file = await reads.run_for(scope, _written, wanted, file_format)
    file_name = f"figures-by-{wanted.dimension}.{ENDINGS[file_format]}"
    return send_file(file, name=file_name, media_type=MEDIA_TYPES[file_format])


def _written(connections: MartsConnections, scope: Scope, wanted: Wanted, file_format: Format) -> IO[bytes]:
    """The file, all of one publication, as large as it may be on the disk and nowhere else.

    Written before it is sent: a client that takes its time keeps no transaction open and nobody else waiting.
    """
    with ExitStack() as on_failure:
        file = on_failure.enter_context(open_file())
        with read_marts(connections, scope) as marts:
            query = plan(marts, wanted)
            file.write(csv_lines([NAMES]).encode() if file_format == "csv" else b"")
            rows = figure_rows(marts, query) if query else iter(())
            while part := list(islice(rows, LINES_AT_ONCE)):
                file.write(csv_lines(part).encode() if file_format == "csv" else _json(part))
        on_failure.pop_all()
        return file


def _json(rows: Iterable[Iterable[Any]]) -> bytes:
    lines = (orjson.dumps(dict(zip(NAMES, map(json_value, row), strict=True))) for row in rows)
    return b"".join(line + b"\n" for line in lines)
