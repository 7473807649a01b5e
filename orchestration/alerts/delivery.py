"""Brings news of alerts to where people are: the log, a webhook, and the mail that the application sends.

A webhook is signed as Standard Webhooks describes it (standardwebhooks.com): the headers `webhook-id`,
`webhook-timestamp` and `webhook-signature`, whose value is `v1,` and the base64 of an HMAC-SHA256 over
`{id}.{timestamp}.{body}` with the bytes of the secret. The id stays the same over all attempts.
"""

import base64
import hashlib
import hmac
import json
import logging
import smtplib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import httpx
import psycopg
from psycopg.types.json import Jsonb

from orchestration.alerts.direct_mail import send_directly
from orchestration.alerts.memory import Delivery, News, due_deliveries, note_delivered, note_undelivered
from orchestration.alerts.outage import Owed
from warehouse.databases import connect
from warehouse.private_file import PrivateLogHandler
from warehouse.settings import Settings

LOG_FILE = "alerts.log"
LOG_FILE_MAX_BYTES = 5_000_000
LOG_FILES_KEPT = 5
WEBHOOK_TIMEOUT_SECONDS = 10.0
MAIL, WEBHOOK = "mail", "webhook"
WORDS = {"firing": "Alert", "repeated": "Alert goes on", "resolved": "Resolved"}
LEVELS = {"error": logging.ERROR, "warning": logging.WARNING}


class NotDelivered(Exception):
    """The other side did not take it; another attempt may succeed."""


def channels_of(settings: Settings) -> list[str]:
    """Where news goes beside the log."""
    return [MAIL] * bool(settings.alert_email_to) + [WEBHOOK] * (settings.alert_webhook_url is not None)


def write_log(data_path: Path, news: Iterable[News]) -> None:
    """Write news to the log file of alerts, one line each."""
    with _log(data_path) as handler:
        for each in news:
            told = each.outcome
            level = logging.INFO if each.occasion == "resolved" else LEVELS.get(told.severity, logging.ERROR)
            text = f"{WORDS[each.occasion]}: {told.rule}, {told.subject}: {told.message}"
            handler.handle(logging.LogRecord("alerts", level, "", 0, text, None, None))


def write_failure(data_path: Path, delivery: Delivery, error: str) -> None:
    """Write to the same file that a channel did not take an alert, when there is no other place to say so."""
    with _log(data_path) as handler:
        text = f"Not delivered by {delivery.channel}: {delivery.rule}, {delivery.subject}: {error}"
        handler.handle(logging.LogRecord("alerts", logging.ERROR, "", 0, text, None, None))


@contextmanager
def _log(data_path: Path) -> Iterator[logging.Handler]:
    file = data_path.resolve() / "logs" / LOG_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = PrivateLogHandler(file, maxBytes=LOG_FILE_MAX_BYTES, backupCount=LOG_FILES_KEPT)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    try:
        yield handler
    finally:
        handler.close()


def deliver_due(settings: Settings, *, database_url: str, warehouse_url: str) -> tuple[int, int]:
    """Deliver what is owed to webhook and mail; how many went out and how many did not."""
    ways: dict[str, Callable[[Delivery], None]] = {
        WEBHOOK: lambda delivery: post(settings, delivery),
        MAIL: lambda delivery: owe_mails(settings, database_url, delivery),
    }
    delivered = failed = 0
    with connect(warehouse_url) as connection:
        for delivery in due_deliveries(connection):
            try:
                ways[delivery.channel](delivery)
            except NotDelivered as error:
                note_undelivered(connection, delivery, str(error))
                failed += 1
            else:
                note_delivered(connection, delivery)
                delivered += 1
    return delivered, failed


def deliver_owed(settings: Settings, database_url: str, owed: Iterable[Owed], *, now: datetime) -> list[Owed]:
    """Deliver what is due of what was noted during an outage; all of it as it stands then."""
    return [_deliver(settings, database_url, each, now) if each.is_due(now) else each for each in owed]


def _deliver(settings: Settings, database_url: str, owed: Owed, now: datetime) -> Owed:
    error = None
    try:
        if owed.delivery.channel == WEBHOOK:
            post(settings, owed.delivery)
        else:
            mail(settings, database_url, owed.delivery)
    except NotDelivered as failure:
        error = str(failure)
        write_failure(settings.data_path, owed.delivery, error)
    return owed.tried(now, error=error)


def mail(settings: Settings, database_url: str, delivery: Delivery) -> None:
    """Mail through the outbox or, when its database is away too, straight to the server. Raises `NotDelivered`."""
    try:
        owe_mails(settings, database_url, delivery)
    except NotDelivered:
        if settings.mail_url is None:
            raise
        subject, text = letter(delivery)
        try:
            send_directly(
                settings.mail_url.get_secret_value(), sender=settings.mail_sender, to=settings.alert_email_to,
                subject=subject, text=text,
            )  # fmt: skip
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}") from error


def post(settings: Settings, delivery: Delivery) -> None:
    """Post to the webhook. Raises `NotDelivered`."""
    if settings.alert_webhook_url is None or settings.alert_webhook_secret is None:
        raise NotDelivered("ALERT_WEBHOOK_URL is not set any more")
    body = json.dumps(
        {
            "type": f"alert.{delivery.occasion}",
            "rule": delivery.rule,
            "subject": delivery.subject,
            "severity": delivery.severity,
            "message": delivery.message,
            "since": delivery.since.isoformat(),
        }
    ).encode()
    headers = signed_headers(
        settings.alert_webhook_secret.get_secret_value(), str(delivery.delivery_id), int(time.time()), body
    )
    try:
        answer = httpx.post(
            settings.alert_webhook_url, content=body, headers=headers, timeout=WEBHOOK_TIMEOUT_SECONDS
        )  # fmt: skip
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotDelivered(f"{type(error).__name__}: {error}") from error
    if not answer.is_success:
        raise NotDelivered(f"the webhook answered {answer.status_code}")


def signed_headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a signed webhook."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def letter(delivery: Delivery) -> tuple[str, str]:
    """Subject and text of a mail."""
    subject = f"{WORDS[delivery.occasion]}: {delivery.rule}, {delivery.subject}"
    text = f"{delivery.message}\n\nSince {delivery.since:%Y-%m-%d %H:%M:%S} UTC. `cli/monitor.py alerts` shows all.\n"
    return subject, text


def owe_mails(settings: Settings, database_url: str, delivery: Delivery) -> None:
    """Put a mail to each address into the outbox of the application, which sends it until it succeeds."""
    subject, text = letter(delivery)
    try:
        with connect(database_url) as connection, connection.cursor() as cursor:
            cursor.executemany(
                "insert into outbox (kind, payload) values ('mail.alert', %s)",
                [(Jsonb({"to": to, "subject": subject, "text": text}),) for to in settings.alert_email_to],
            )
    except psycopg.Error as error:
        raise NotDelivered(str(error).strip()) from error
