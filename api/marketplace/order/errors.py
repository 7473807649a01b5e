"""Why something can't be bought or given back."""

from datetime import datetime
from uuid import UUID

from api.errors import ApiError


class OrderNotFound(ApiError):
    """No such order, or not one of the asking organization: which one is not told."""

    status = 404

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"There is no order {order_id}")


class OwnPromptNotPurchasable(ApiError):
    """Sellers have their own prompts already."""

    status = 409

    def __init__(self, prompt_id: UUID) -> None:
        super().__init__(f"This prompt is sold by your own organization: {prompt_id}")


class PriceChanged(ApiError):
    """The price is not the one the buyer agreed to."""

    status = 409

    def __init__(self, prompt_id: UUID, *, price_cents: int, currency: str) -> None:
        super().__init__(
            f"The price is now {price_cents} {currency} in minor units. Nothing was bought. Prompt: {prompt_id}",
            extra={"price_cents": price_cents, "currency": currency},
        )


class PromptAlreadyPurchased(ApiError):
    """The organization may use the prompt; buying it again would be paying twice."""

    status = 409

    def __init__(self, order_id: UUID) -> None:
        super().__init__(
            f"Your organization already owns this prompt, by order {order_id}", extra={"order_id": str(order_id)}
        )


class PaymentDeclined(ApiError):
    """The card was not charged."""

    status = 402

    def __init__(self, order_id: UUID, *, message: str, decline_code: str) -> None:
        super().__init__(
            f"{message.rstrip('.')} ({decline_code}). Purchase again with another payment method. Order: {order_id}",
            extra={"decline_code": decline_code, "order_id": str(order_id)},
        )


class PaymentRefused(ApiError):
    """The payment can't be made as asked: an unknown payment method, an amount the provider does not take."""

    status = 422

    def __init__(self, order_id: UUID, *, message: str) -> None:
        super().__init__(
            f"{message.rstrip('.')}. Nothing was charged. Order: {order_id}", extra={"order_id": str(order_id)}
        )


class PaymentUnsettled(ApiError):
    """The payment provider gave no answer: the charge may or may not have happened."""

    status = 503

    def __init__(self, order_id: UUID) -> None:
        super().__init__(
            "The payment provider does not answer. The order is kept pending and is settled by the provider's message "
            f"or by purchasing again; either way it is charged at most once. Order: {order_id}",
            extra={"order_id": str(order_id)},
        )


class OrderNotRefundable(ApiError):
    """There is no payment that could be given back."""

    status = 409

    def __init__(self, order_id: UUID, *, reason: str) -> None:
        super().__init__(f"This order can't be refunded: {reason}. Order: {order_id}")


class RefundWindowClosed(ApiError):
    """The buyer asks too late; the seller may still refund."""

    status = 409

    def __init__(self, order_id: UUID, *, closed_at: datetime) -> None:
        super().__init__(
            f"The time to give this back ended at {closed_at.isoformat()}. Ask the seller to refund it. "
            f"Order: {order_id}"
        )


class RefundTooLarge(ApiError):
    """More would be given back than was paid."""

    status = 409

    def __init__(self, order_id: UUID, *, amount_cents: int, left_cents: int, currency: str) -> None:
        super().__init__(
            f"A refund of {amount_cents} is more than what is left of the payment, {left_cents} (minor units of "
            f"{currency}). Order: {order_id}",
            extra={"refundable_cents": left_cents},
        )


class RefundUnderWay(ApiError):
    """An earlier refund of the order waits for the payment provider."""

    status = 409

    def __init__(self, refund_id: UUID, *, amount_cents: int) -> None:
        super().__init__(
            f"A refund of {amount_cents} is not settled yet. Repeat that one before asking for another. "
            f"Refund: {refund_id}"
        )


class RefundRefused(ApiError):
    """The payment provider does not give the money back."""

    status = 409

    def __init__(self, order_id: UUID, *, message: str) -> None:
        super().__init__(f"{message.rstrip('.')}. Order: {order_id}")


class RefundUnsettled(ApiError):
    """The payment provider gave no answer: the refund may or may not have happened."""

    status = 503

    def __init__(self, refund_id: UUID) -> None:
        super().__init__(
            "The payment provider does not answer. The refund is kept pending and is settled by the provider's message "
            f"or by asking again; either way the money goes back at most once. Refund: {refund_id}",
            extra={"refund_id": str(refund_id)},
        )
