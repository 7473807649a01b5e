"""Mail as files."""

import asyncio
import email
import email.policy

from structlog.testing import capture_logs

from api.mail.file import FileMailer
from api.mail.mailer import Mail

MAIL = Mail(to="ana@acme.example", subject="Verify your e-mail", text="Grüße, https://market.example/x?token=secret\n")


class TestSend:
    def test_writes_one_file_that_mail_programs_read(self, tmp_path):
        asyncio.run(FileMailer(tmp_path / "mail", sender="Market <no-reply@market.example>").send(MAIL))
        [path] = (tmp_path / "mail").iterdir()
        found = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert path.suffix == ".eml"
        assert (found["To"], found["Subject"]) == (MAIL.to, MAIL.subject)
        assert found["From"] == "Market <no-reply@market.example>"
        assert found.get_content() == MAIL.text

    def test_nobody_else_on_the_machine_reads_it(self, tmp_path):
        asyncio.run(FileMailer(tmp_path, sender="no-reply@market.example").send(MAIL))
        [path] = tmp_path.iterdir()
        assert path.stat().st_mode & 0o777 == 0o600

    def test_the_log_names_the_file_and_not_what_it_says(self, tmp_path):
        with capture_logs() as lines:
            asyncio.run(FileMailer(tmp_path, sender="no-reply@market.example").send(MAIL))
        [path] = tmp_path.iterdir()
        assert [(line["event"], line["file"]) for line in lines] == [("mail_written", str(path))]
        assert "token" not in str(lines)
