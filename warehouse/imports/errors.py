"""What can be wrong with a file as a whole, and with one row of it."""


class ImportRefused(Exception):
    """The file can't be imported at all; the message is one line that says why and what to do."""


class RowInvalid(Exception):
    """One row can't be taken in; `reason` is a stable slug to count by, the message a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
