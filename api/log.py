"""Log lines as JSON, one a line, on standard output: ours and those of the libraries."""

import asyncio
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.typing import Processor

from api.audit.context import current_request
from api.redaction import redact_line, redact_text

ACCESS_LINES_SECONDS = 0.1

LIBRARY_LOGGERS_SILENCED = (
    # Says what our own access log says.
    "uvicorn.access",
)


def _dumps(value: Any, **_: Any) -> bytes:
    return orjson.dumps(value, default=str)


def _dumps_text(value: Any, **options: Any) -> str:
    return _dumps(value, **options).decode()


def _add_request_id(_logger: Any, _method: str, line: Any) -> Any:
    """A processor of structlog."""
    scope = current_request.get()
    if scope is not None:
        line.setdefault("request_id", scope["state"]["request_id"])
    return line


class AccessLines:
    """The access log: one line for each request, made of what is known to hold no secret, written ten times a second.

    A line through structlog costs as much as the rest of what is done around a cached answer.
    """

    def __init__(self) -> None:
        self._is_enabled = False
        self._waiting: list[bytes] = []

    def write(self, *, path: str, route: str, **fields: Any) -> None:
        """Write a line soon."""
        if not self._is_enabled:
            return
        shown = path if path == route else redact_text(path)
        line = {"event": "request", **fields, "route": route, "path": shown}
        self._waiting.append(_dumps({**line, "level": "info", "timestamp": datetime.now(UTC)}))
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_later(ACCESS_LINES_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            lines, self._waiting = self._waiting, []
            sys.stdout.buffer.write(b"\n".join(lines) + b"\n")
            sys.stdout.buffer.flush()

    @contextmanager
    def opened(self, *, is_enabled: bool) -> Iterator[None]:
        """Take lines for as long as the block runs."""
        self._is_enabled = is_enabled
        try:
            yield
        finally:
            self._is_enabled = False
            self.flush()


ACCESS_LINES = AccessLines()


@contextmanager
def json_logging(level: str) -> Iterator[None]:
    """Log as JSON from `level` up for as long as the block runs."""
    shared: list[Processor] = [
        _add_request_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact_line,
    ]
    threshold = logging.getLevelNamesMapping()[level]
    before = structlog.get_config()
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(),
    )
    try:
        with (
            _root_handler(_library_handler(shared), threshold),
            ACCESS_LINES.opened(is_enabled=threshold <= logging.INFO),
        ):
            yield
    finally:
        structlog.configure(**before)


def _library_handler(shared: list[Processor]) -> logging.Handler:
    """Writes what libraries log through `logging` as we write our own lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_dumps_text),
            ],
        )
    )
    return handler


@contextmanager
def _root_handler(handler: logging.Handler, threshold: int) -> Iterator[None]:
    root = logging.getLogger()
    silenced = [logging.getLogger(name) for name in LIBRARY_LOGGERS_SILENCED]
    before = root.level, [logger.disabled for logger in silenced]
    root.addHandler(handler)
    root.setLevel(threshold)
    for logger in silenced:
        logger.disabled = True
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        for logger, was_disabled in zip(silenced, before[1], strict=True):
            logger.disabled = was_disabled
