"""Mail over SMTP, to a real server."""

import asyncio
from collections.abc import Iterator

import pytest

from api.mail.mailer import Mail, MailRefused, MailUndelivered
from api.mail.smtp import SmtpMailer, SmtpServer
from tests.integration.api.postbox import Postbox, open_postbox

MAIL = Mail(to="ana@acme.example", subject="Verify your e-mail", text="Open https://market.example/x?token=y\n")


@pytest.fixture(scope="module")
def postbox() -> Iterator[Postbox]:
    with open_postbox(nobody="550 no such mailbox", full="452 mailbox full") as postbox:
        yield postbox


@pytest.fixture
def mail_server(postbox: Postbox) -> str:
    return postbox.url


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
