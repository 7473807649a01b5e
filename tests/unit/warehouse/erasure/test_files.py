"""Who was erased stands in no log any more, and whoever writes to one goes on undisturbed."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from warehouse.erasure.files import erase_files
from warehouse.erasure.person import Person

ANA = UUID("0c000000-0000-0000-0000-000000000001")
EMAIL = "ana.lind@acme.example"


@pytest.fixture
def person() -> Person:
    return Person(uuid4(), ANA, None, uuid4(), (EMAIL, "jörg@acme.example"))


def log(data_path: Path, name: str, text: str) -> Path:
    """A log of the data directory, readable by everybody, as earlier versions left them."""
    file = data_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o644)
    return file


class TestLogs:
    @pytest.mark.parametrize(
        "name",
        [
            "logs/alerts.log",
            "logs/alerts.log.3",
            "logs/cli.log",
            "logs/api.log",
            "alerts/outcomes.json",
            "dbt/logs/dbt.log",
            "postgres.log",
        ],
    )
    def test_a_line_keeps_what_it_says_of_nobody(self, tmp_path: Path, person: Person, name: str) -> None:
        text = f"1 Alert: row of {EMAIL.upper()} failed\n2 other\n3 key=({ANA})\n"
        file = log(tmp_path, name, text)
        erase_files(tmp_path, [person])
        left = file.read_text()
        assert left == f"1 Alert: row of {'erased'.ljust(len(EMAIL), '.')} failed\n2 other\n3 key=(erased{'.' * 30})\n"
        assert file.stat().st_mode & 0o777 == 0o600

    def test_names_are_found_as_json_writes_them(self, tmp_path: Path, person: Person) -> None:
        file = log(tmp_path, "logs/api.log", '{"to": "j\\u00f6rg@acme.example"} jörg@acme.example')
        erase_files(tmp_path, [person])
        assert "rg@acme" not in file.read_text()

    def test_a_longer_name_is_somebody_else(self, tmp_path: Path, person: Person) -> None:
        text = f"x{EMAIL} {EMAIL}s {ANA}0"
        file = log(tmp_path, "logs/api.log", text)
        erase_files(tmp_path, [person])
        assert file.read_text() == text

    def test_who_appends_goes_on_in_the_same_file(self, tmp_path: Path, person: Person) -> None:
        file = log(tmp_path, "logs/api.log", f"1 {EMAIL}\n")
        with file.open("a") as service:
            erase_files(tmp_path, [person])
            service.write("2 after\n")
        assert file.read_text() == f"1 {'erased'.ljust(len(EMAIL), '.')}\n2 after\n"

    def test_a_link_is_not_followed(self, tmp_path: Path, person: Person) -> None:
        elsewhere = log(tmp_path, "elsewhere.txt", EMAIL)
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "api.log").symlink_to(elsewhere)
        erase_files(tmp_path, [person])
        assert elsewhere.read_text() == EMAIL

    def test_an_empty_log_and_no_directory_are_nothing_to_do(self, tmp_path: Path, person: Person) -> None:
        log(tmp_path, "logs/api.log", "")
        erase_files(tmp_path, [person])
        erase_files(tmp_path / "missing", [person])


class TestMails:
    def test_a_mail_to_the_person_goes_and_others_stay(self, tmp_path: Path, person: Person) -> None:
        theirs = log(tmp_path, "mail/1.eml", f"To: {EMAIL}\n\nHello\n")
        others = log(tmp_path, "mail/2.eml", "To: bob@acme.example\n\nHello\n")
        erase_files(tmp_path, [person])
        assert (theirs.exists(), others.exists()) == (False, True)
