"""Mails to ops past the application's outbox, which is in a database: for when that database is away."""

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 20.0
DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


def send_directly(url: str, *, sender: str, to: Sequence[str], subject: str, text: str) -> None:
    """Hand one mail for everybody to the server at `smtp://` or `smtps://`. Raises `SMTPException` or `OSError`."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(to), subject
    message.set_content(text)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
    context = ssl.create_default_context()
    connection = (
        smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
        if parts.scheme == "smtps"
        else smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    )
    with connection:
        if parts.scheme == "smtp" and host not in LOCAL_HOSTS:
            connection.starttls(context=context)
        if parts.username:
            connection.login(unquote(parts.username), unquote(parts.password or ""))
        connection.send_message(message)
