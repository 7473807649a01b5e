"""Writing down what is to be done."""

import asyncio
from typing import Any, Literal

from sqlalchemy import event

from api.database import AsyncWriteSession
from api.models import OutboxTask

MailKind = Literal[
    "mail.email_verification", "mail.password_reset", "mail.invitation", "mail.notice", "mail.decision", "mail.alert"
]
Kind = MailKind | Literal["stripe.customer"]


class Outbox:
    """The outbox of one process. Lanes that listen are woken when a transaction that put something in is committed."""

    def __init__(self) -> None:
        self._listening: list[asyncio.Event] = []

    def listen(self) -> asyncio.Event:
        """An event of one's own: whoever shares one can clear it before the other has looked."""
        arrived = asyncio.Event()
        self._listening.append(arrived)
        return arrived

    def put(self, session: AsyncWriteSession, kind: Kind, **payload: Any) -> None:
        """Owe this from the moment the session's transaction is committed; nothing if it never is."""
        session.add(OutboxTask(kind=kind, payload=payload))
        event.listen(session.sync_session, "after_commit", lambda _: self._wake(), once=True)

    def _wake(self) -> None:
        for arrived in self._listening:
            arrived.set()
