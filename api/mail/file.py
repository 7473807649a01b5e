"""Mail for development: each a file that any mail program opens."""

import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import structlog
from anyio import to_thread

from api.mail.mailer import Mail, as_message

logger = structlog.get_logger(__name__)


class FileMailer:
    """Writes mails into a directory, one `.eml` file each, named so that they sort by time."""

    def __init__(self, directory: Path, *, sender: str) -> None:
        self._directory = directory
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        """Write one mail. The log names the file; what it says, with its link, is in the file alone."""
        path = await to_thread.run_sync(self._write, mail)
        logger.info("mail_written", subject=mail.subject, file=str(path))

    def _write(self, mail: Mail) -> Path:
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid4().hex[:8]}.eml"
        # Complete under its final name, or not there: somebody may be waiting for it.
        unfinished = path.with_suffix(".part")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(bytes(as_message(mail, self._sender)))
        return unfinished.replace(path)
