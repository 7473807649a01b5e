"""Log lines as JSON, one a line, on standard output: ours and those of the libraries."""

import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import Processor

LIBRARY_LOGGERS_SILENCED = (
    # Says what our own access log says.
    "uvicorn.access",
)


def _dumps(value: Any, **_: Any) -> bytes:
    return orjson.dumps(value, default=str)


def _dumps_text(value: Any, **options: Any) -> str:
    return _dumps(value, **options).decode()


def configure_logging(level: str) -> None:
    """Set up logging of this process. Called when the service starts, not at import."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    threshold = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(),
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(serializer=_dumps_text),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [*(each for each in root.handlers if not isinstance(each.formatter, type(formatter))), handler]
    root.setLevel(threshold)
    for name in LIBRARY_LOGGERS_SILENCED:
        logging.getLogger(name).disabled = True
