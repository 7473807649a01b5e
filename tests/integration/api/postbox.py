"""A mail server on this machine that takes mail, or says why not."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

CLOSED = "451 try again later"


class Postbox:
    """Takes mail while it is open, and none for addresses that begin with one of `refusals`, with that answer."""

    def __init__(self, refusals: Mapping[str, str]) -> None:
        self.refusals = refusals
        self.is_open = True
        self.taken: list[Envelope] = []
        self.url = ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self.is_open:
            return CLOSED
        for beginning, answer in self.refusals.items():
            if address.startswith(beginning):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return "250 OK"


@contextmanager
def open_postbox(**refusals: str) -> Iterator[Postbox]:
    """A running one; its address is in `url`."""
    postbox = Postbox(refusals)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    # A loop of its own: aiosmtpd takes one that may be the service's.
    controller = Controller(postbox, hostname="127.0.0.1", port=port, loop=asyncio.new_event_loop())
    controller.start()
    postbox.url = f"smtp://127.0.0.1:{port}"
    yield postbox
    controller.stop()
