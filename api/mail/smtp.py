"""Mail over SMTP."""

import ipaddress
import smtplib
import ssl
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

import structlog
from anyio import to_thread

from api.mail.mailer import Mail, MailRefused, MailUndelivered, as_message

logger = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 20.0
DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
# From here on a server's answer is final (RFC 5321, 4.2.1).
PERMANENT = 500


@dataclass(frozen=True)
class SmtpServer:
    """A mail server. `smtps` is encrypted from the start; `smtp` by STARTTLS, but for one on this machine."""

    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read `smtps://user:password@host:465`."""
        parts = urlsplit(url)
        return cls(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=parts.port or DEFAULT_PORTS[parts.scheme],
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    @property
    def is_local(self) -> bool:
        """Whether what is sent stays on this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class SmtpMailer:
    """Sends each mail over a connection of its own, in a thread."""

    def __init__(self, url: str, *, sender: str) -> None:
        self._server = SmtpServer.from_url(url)
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        """Hand one mail to the server. Raises `MailUndelivered` or `MailRefused`."""
        try:
            await to_thread.run_sync(self._send, mail)
        except smtplib.SMTPRecipientsRefused as error:
            [(code, reason)] = error.recipients.values()
            failure = MailRefused if code >= PERMANENT else MailUndelivered
            raise failure(f"the mail server answered {code} {reason.decode(errors='replace')}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailUndelivered(f"{type(error).__name__}: {error}") from error
        logger.info("mail_sent", subject=mail.subject)

    def _send(self, mail: Mail) -> None:
        with self._connect() as connection:
            if self._server.user is not None:
                connection.login(self._server.user, self._server.password or "")
            connection.send_message(as_message(mail, self._sender))

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        if not server.is_local:
            # Raises where the server offers none: a link that lets somebody in does not travel in the open.
            connection.starttls(context=ssl.create_default_context())
        return connection
