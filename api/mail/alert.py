"""Mails to ops. Alerts are found beside the application, which is handed the finished letter."""

from typing import Any

from api.lifespan import Resources
from api.mail.mailer import Mail, MailRefused
from api.outbox.worker import TaskImpossible


async def send_alert(resources: Resources, payload: dict[str, Any]) -> None:
    """Send one alert to one address: a task of the outbox."""
    try:
        await resources.mailer.send(Mail(to=payload["to"], subject=payload["subject"], text=payload["text"]))
    except MailRefused as error:
        raise TaskImpossible(str(error)) from error
