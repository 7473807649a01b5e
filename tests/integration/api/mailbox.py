"""The mails of the running service, as somebody with a mailbox sees them."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path

from tests.waiting import wait_until

TOKEN = re.compile(r"\?token=(\S+)")


class Mailbox:
    """Reads what was mailed to an address. Mails come after the answer, so each reading waits."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, address: str, *, subject: str, count: int = 1) -> list[str]:
        """The texts of the first mails to this address with this subject, as soon as there are so many."""
        wait_until(lambda: len(self.look(address, subject=subject)) >= count, f"{count} mails '{subject}' came")
        return self.look(address, subject=subject)

    def look(self, address: str, *, subject: str | None = None) -> list[str]:
        """The texts of the mails there are now."""
        mails = [self._parse(path) for path in sorted(self._directory.glob("*.eml"))]
        return [
            str(mail.get_content())
            for mail in mails
            if mail["To"] == address and (subject is None or mail["Subject"] == subject)
        ]

    def token(self, address: str, *, subject: str, count: int = 1) -> str:
        """The token in the link of the newest of so many mails."""
        found = TOKEN.search(self.read(address, subject=subject, count=count)[-1])
        assert found is not None
        return found[1]

    def _parse(self, path: Path) -> EmailMessage:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message
