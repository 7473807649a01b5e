"""Reports failures to a Sentry server: only when `SENTRY_DSN` names one and the extra `sentry` is installed."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import structlog

from api.redaction import redact
from warehouse.settings import Settings

logger = structlog.get_logger(__name__)

FLUSH_SECONDS = 2.0


@contextmanager
def error_reports(settings: Settings) -> Iterator[None]:
    """Report for as long as the block runs. Bodies, local variables and personal data are never sent."""
    if settings.sentry_dsn is None:
        yield
        return
    if importlib.util.find_spec("sentry_sdk") is None:
        logger.warning("errors_not_reported", reason="SENTRY_DSN is set, and the extra 'sentry' is not installed")
        yield
        return
    import sentry_sdk

    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        environment=settings.environment,
        include_local_variables=False,
        max_request_body_size="never",
        default_integrations=False,
        auto_enabling_integrations=False,
        before_send=_scrub,
    )
    try:
        yield
    finally:
        sentry_sdk.flush(timeout=FLUSH_SECONDS)
        sentry_sdk.get_client().close()


def report_failure(error: Exception, *, request_id: str) -> None:
    """Report an exception nobody expected, by the id its request has in the logs."""
    if importlib.util.find_spec("sentry_sdk") is None:
        return
    import sentry_sdk

    if sentry_sdk.is_initialized():
        with sentry_sdk.new_scope() as scope:
            scope.set_tag("request_id", request_id)
            scope.capture_exception(error)


def _scrub(event: Any, _: dict[str, Any]) -> Any:
    """The event without what is, or looks like, a secret."""
    return cast(Any, redact(dict(event)))
