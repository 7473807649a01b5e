"""What can be wrong with a link."""

from api.errors import ApiError


class LinkInvalid(ApiError):
    """The link can't be used, or not any more: which of the reasons holds is not told."""

    status = 400

    def __init__(self) -> None:
        super().__init__(
            "This link can't be used: it has expired, was used already, was replaced by a newer one, or is not "
            "complete. Ask for a new one."
        )
