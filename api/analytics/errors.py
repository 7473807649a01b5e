"""What can go wrong with analytics."""

from api.errors import ApiError, FieldProblem, ValidationFailed


class EventBatchTooLarge(ApiError):
    """More events in one request than are taken at once."""

    status = 413

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(f"A request takes at most {limit} events and this one holds {count}: send them in parts")


class EventBatchMalformed(ValidationFailed):
    """The body is JSON, but neither an event nor a list of them."""

    def __init__(self) -> None:
        super().__init__('The body must be an event, a list of events, or {"events": [...]}')


class EventUnknown(ApiError):
    """The catalogue has no event of that name."""

    status = 404

    def __init__(self, event_name: str) -> None:
        super().__init__(f"No known event is called {event_name}")


class DateRangeInvalid(ValidationFailed):
    """The range ends before it begins."""

    def __init__(self) -> None:
        message = "must not be after date_to"
        super().__init__(
            f"date_from {message}", errors=[FieldProblem(location="query", field="date_from", message=message)]
        )


class DateRangeTooLong(ValidationFailed):
    """More days than are computed at once."""

    def __init__(self, limit: int) -> None:
        message = f"must be so late that no more than {limit} days are asked for, date_to included"
        super().__init__(
            f"date_from {message}", errors=[FieldProblem(location="query", field="date_from", message=message)]
        )


class MetricNotComputable(ValidationFailed):
    """There is no such metric, or not by this dimension or for each of these periods."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"metric: {message}", errors=[FieldProblem(location="query", field="metric", message=message)]
        )  # fmt: skip
