"""What the letters say."""

from datetime import timedelta

import pytest

from api.mail import letter

TO = "ana@acme.example"
URL = "https://shop.example/reset-password?token=a.b.c"
HOUR = timedelta(hours=1)


class TestLinks:
    @pytest.fixture(params=["verification", "password_reset", "invitation"])
    def mail(self, request):
        write = getattr(letter, request.param)
        return write(TO, "Acme", URL, HOUR) if request.param == "invitation" else write(TO, URL, HOUR)

    def test_stand_on_a_line_of_their_own(self, mail):
        assert URL in mail.text.splitlines()

    def test_say_how_long_they_are_good(self, mail):
        assert "within an hour" in mail.text

    def test_say_what_to_do_who_did_not_ask(self, mail):
        assert "do nothing" in mail.text

    def test_go_to_who_they_are_for_and_not_into_the_subject(self, mail):
        assert mail.to == TO and TO not in mail.subject and "token" not in mail.subject


class TestSpan:
    @pytest.mark.parametrize(
        ("lifetime", "said"),
        [
            (HOUR, "an hour"),
            (timedelta(hours=5), "5 hours"),
            (timedelta(days=2), "2 days"),
            (timedelta(days=7), "7 days"),
        ],
    )
    def test_is_said_as_people_do(self, lifetime, said):
        assert f"within {said}" in letter.verification(TO, URL, lifetime).text


class TestInvitation:
    def test_names_who_invites(self):
        assert letter.invitation(TO, "Analytical Engines", URL, HOUR).text.startswith("Analytical Engines invites you")


class TestNotice:
    @pytest.mark.parametrize("name", letter.NOTICES)
    def test_says_what_was_changed_and_what_to_do(self, name):
        mail = letter.notice(TO, name)
        assert mail.text.startswith(letter.NOTICES[name][1])
        assert "If it was not you, set a new password at once." in mail.text

    def test_tells_whether_api_keys_go_on(self):
        texts = [letter.notice(TO, name).text for name in ("password_changed", "password_changed_keys_revoked")]
        assert "keys that you made go on" in texts[0] and "keys that you made were revoked" in texts[1]
