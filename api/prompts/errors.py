"""What can go wrong with prompts."""

from uuid import UUID

from api.errors import ApiError, FieldProblem, ValidationFailed
from warehouse.currencies import CHARGE_MIN_CENTS


class PromptNotFound(ApiError):
    """There is no such prompt, or none that this caller may know of."""

    status = 404

    def __init__(self, prompt_id: UUID) -> None:
        super().__init__(f"There is no prompt with this id: {prompt_id}")


class PromptVersionNotFound(ApiError):
    """The prompt has no version of this number."""

    status = 404

    def __init__(self, prompt_id: UUID, version: int) -> None:
        super().__init__(f"There is no version {version} of the prompt {prompt_id}")


class PromptNotPurchased(ApiError):
    """The caller's organization neither sells the prompt nor bought it."""

    status = 403

    def __init__(self, prompt_id: UUID) -> None:
        super().__init__(f"Only its seller and organizations that bought it can use the prompt {prompt_id}")


class PriceBelowMinimum(ValidationFailed):
    """No card can be charged so little, so nobody could buy the prompt."""

    def __init__(self, prompt_id: UUID, price_cents: int, currency: str) -> None:
        least = CHARGE_MIN_CENTS[currency]
        message = f"{price_cents} is below the least that can be charged in {currency}, {least}; 0 makes it free"
        super().__init__(
            f"price_cents: {message}. Prompt: {prompt_id}",
            errors=[FieldProblem(location="body", field="price_cents", message=message)],
        )


class PromptTakenDown(ApiError):
    """A decision keeps the prompt off the market."""

    status = 409

    def __init__(self, prompt_id: UUID, decision_id: UUID) -> None:
        super().__init__(
            f"This prompt was taken down and can't be published. Read the reasons, and object, at "
            f"/api/v1/decisions/{decision_id}. Prompt: {prompt_id}",
            extra={"decision_id": str(decision_id)},
        )


class PromptNotDeletable(ApiError):
    """Somebody may depend on the prompt."""

    status = 409

    def __init__(self, prompt_id: UUID, reason: str) -> None:
        super().__init__(
            f"{reason}, so it can't be deleted. Archive it instead (POST /api/v1/prompts/{prompt_id}/archive): "
            f"buyers keep it and nobody can buy it any more. Prompt: {prompt_id}"
        )


class TemplateVariablesMissing(ValidationFailed):
    """Variables without a default got no value."""

    def __init__(self, prompt_id: UUID, names: list[str]) -> None:
        shown = ", ".join(names[:20])
        super().__init__(
            f"No value was given for {shown} of the prompt {prompt_id}",
            errors=[
                FieldProblem(location="body", field=f"variables.{name}", message="Field required")
                for name in names[:50]
            ],
        )


class RenderedTextTooLong(ValidationFailed):
    """The values make the text longer than the service answers with."""

    def __init__(self, prompt_id: UUID, max_length: int) -> None:
        super().__init__(
            f"The rendered text would be longer than {max_length} characters: give shorter values. Prompt: {prompt_id}"
        )
