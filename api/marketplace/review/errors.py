"""Why something can't be reviewed."""

from uuid import UUID

from api.errors import ApiError


class OwnPromptNotReviewable(ApiError):
    """Sellers do not review what they sell."""

    status = 409

    def __init__(self, prompt_id: UUID) -> None:
        super().__init__(f"This prompt is sold by your own organization: {prompt_id}")
