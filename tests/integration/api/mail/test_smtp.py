"""Mail over SMTP, to a real server."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from api.mail.mailer import Mail, MailRefused, MailUndelivered
from api.mail.smtp import SmtpMailer, SmtpServer

MAIL = Mail(to="ana@acme.example", subject="Verify your e-mail", text="Open https://market.example/x?token=y\n")


class Postbox:
    """Takes mail, but for some addresses."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        if address.startswith("full"):
            return "452 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return "250 OK"


@pytest.fixture(scope="module")
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture(scope="module")
def mail_server(postbox: Postbox) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield f"smtp://127.0.0.1:{port}"
    controller.stop()


def send(url: str, to: str = MAIL.to) -> None:
    mailer = SmtpMailer(url, sender="Market <no-reply@market.example>")
    asyncio.run(mailer.send(Mail(to=to, subject=MAIL.subject, text=MAIL.text)))


class TestSend:
    def test_the_server_gets_the_mail(self, mail_server, postbox):
        send(mail_server)
        taken = postbox.taken[-1]
        assert (taken.mail_from, taken.rcpt_tos) == ("no-reply@market.example", [MAIL.to])
        assert b"token=y" in taken.content

    def test_an_address_that_does_not_exist_is_refused_for_good(self, mail_server):
        with pytest.raises(MailRefused, match="550 no such mailbox"):
            send(mail_server, "nobody@acme.example")

    def test_a_full_mailbox_may_be_emptied(self, mail_server):
        with pytest.raises(MailUndelivered, match="452"):
            send(mail_server, "full@acme.example")

    def test_a_server_that_is_away_may_come_back(self):
        with pytest.raises(MailUndelivered):
            send("smtp://127.0.0.1:1")

    def test_a_server_that_wants_a_password_it_is_not_given_right_is_no_final_refusal(self, mail_server):
        with pytest.raises(MailUndelivered):
            send(mail_server.replace("smtp://", "smtp://user:wrong@"))


class TestSmtpServer:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("smtps://a%40b:p%2Fw@mail.example", SmtpServer("smtps", "mail.example", 465, "a@b", "p/w")),
            ("smtp://mail.example", SmtpServer("smtp", "mail.example", 587, None, None)),
            ("smtp://u:p@mail.example:2525", SmtpServer("smtp", "mail.example", 2525, "u", "p")),
        ],
    )
    def test_reads_a_url(self, url, expected):
        assert SmtpServer.from_url(url) == expected

    @pytest.mark.parametrize(("host", "expected"), [("127.0.0.1", True), ("localhost", True), ("10.0.0.1", False)])
    def test_only_this_machine_is_local(self, host, expected):
        assert SmtpServer.from_url(f"smtp://{host}").is_local is expected
