"""`/api/v1/webhooks`."""

from typing import Annotated

from fastapi import Header, Request

from api.dependencies import Resources
from api.routing import feature_router, repeatable
from api.schema import ResponseBody
from api.tenancy import PLATFORM
from api.webhooks import inbox
from api.webhooks.errors import MessageMalformed, SignatureInvalid
from api.webhooks.signature import read_signed

SOURCE = "stripe"

router = feature_router("webhooks", SignatureInvalid, MessageMalformed)


class MessageReceipt(ResponseBody):
    """The message is kept and will be handled."""

    id: str
    is_new: bool


@router.post("/stripe", summary="Take a message of Stripe")
@repeatable
async def receive_stripe(
    request: Request, resources: Resources, stripe_signature: Annotated[str | None, Header()] = None
) -> MessageReceipt:
    """Stored before the answer, handled after it. The signature is over the bytes of the body as sent."""
    body = await request.body()
    event = read_signed(body, stripe_signature, resources.settings.stripe_webhook_secret.get_secret_value())
    async with resources.database.writing(PLATFORM) as session:
        is_new = await inbox.store(session, SOURCE, event, body)
    if is_new:
        resources.webhook_arrived.set()
    return MessageReceipt(id=event["id"], is_new=is_new)
