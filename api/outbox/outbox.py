"""Writing down what is to be done."""

import asyncio
from typing import Any, Literal

from sqlalchemy import event

from api.database import AsyncWriteSession
from api.models import OutboxTask

MailKind = Literal["mail.email_verification", "mail.password_reset", "mail.invitation", "mail.notice", "mail.decision"]
Kind = MailKind | Literal["stripe.customer"]


class Outbox:
    """The outbox of one process. `arrived` is set when a transaction that put something into it was committed."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()

    def put(self, session: AsyncWriteSession, kind: Kind, **payload: Any) -> None:
        """Owe this from the moment the session's transaction is committed; nothing if it never is."""
        session.add(OutboxTask(kind=kind, payload=payload))
        event.listen(session.sync_session, "after_commit", lambda _: self.arrived.set(), once=True)
