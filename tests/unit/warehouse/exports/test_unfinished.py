"""A file appears when it is whole, and nobody can make us write it elsewhere."""

from pathlib import Path

import pytest

from warehouse.exports import unfinished
from warehouse.exports.unfinished import unfinished_directory, unfinished_file

TOKEN = "0123456789abcdef"


@pytest.fixture
def guessed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The name a file has meanwhile, guessed by somebody else."""
    monkeypatch.setattr(unfinished, "token_hex", lambda _count: TOKEN)
    return tmp_path / f".users.csv.{TOKEN}.unfinished"


class TestUnfinishedFile:
    def test_it_replaces_what_is_there_and_is_its_owners_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "users.csv"
        path.write_text("old")
        path.chmod(0o644)
        with unfinished_file(path) as file:
            file.write(b"new")
            assert path.read_text() == "old"
        assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize("is_dangling", [True, False])
    def test_a_link_under_its_meanwhile_name_is_not_followed(
        self, tmp_path: Path, guessed: Path, is_dangling: bool
    ) -> None:
        victim = tmp_path / "victim"
        if not is_dangling:
            victim.write_text("precious")
        guessed.symlink_to(victim)
        with pytest.raises(FileExistsError), unfinished_file(tmp_path / "users.csv") as file:
            file.write(b"x")
        assert not (tmp_path / "users.csv").exists()
        assert guessed.is_symlink()
        assert victim.exists() is not is_dangling
        assert is_dangling or victim.read_text() == "precious"

    def test_a_link_under_its_own_name_is_replaced_and_not_followed(self, tmp_path: Path) -> None:
        victim, path = tmp_path / "victim", tmp_path / "users.csv"
        victim.write_text("precious")
        path.symlink_to(victim)
        with unfinished_file(path) as file:
            file.write(b"new")
        assert (path.is_symlink(), path.read_text(), victim.read_text()) == (False, "new", "precious")

    def test_a_failure_removes_it(self, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt), unfinished_file(tmp_path / "users.csv"):
            raise KeyboardInterrupt
        assert list(tmp_path.iterdir()) == []

    def test_a_failure_names_what_the_user_named(self, tmp_path: Path) -> None:
        path = tmp_path / "missing" / "users.csv"
        with pytest.raises(FileNotFoundError) as raised, unfinished_file(path):
            pass
        assert raised.value.filename == str(path)


class TestUnfinishedDirectory:
    def test_a_failure_removes_it_with_what_is_in_it(self, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt), unfinished_directory(tmp_path / "backup") as place:
            (place / "users.csv").touch()
            raise KeyboardInterrupt
        assert list(tmp_path.iterdir()) == []
