"""The way out for mail: SMTP where `MAIL_URL` names a server, else files in the data directory."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from typing import Protocol


class MailUndelivered(Exception):
    """The mail did not go out; another attempt may succeed."""


class MailRefused(Exception):
    """The mail will never be taken, such as for an address that does not exist."""


@dataclass(frozen=True)
class Mail:
    """A letter in plain text to one address."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends mail."""

    async def send(self, mail: Mail) -> None:
        """Send one mail. Raises `MailUndelivered` or `MailRefused`."""


def as_message(mail: Mail, sender: str) -> EmailMessage:
    """The mail as it goes over the wire."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2])
    # Keeps holiday notices from answering (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message
