from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from warehouse.servers import ServerStartFailed
from warehouse.servers.system_user import ensure_system_user


def program(directory: Path, text: str) -> str:
    """A directory with a `useradd` that does this."""
    file = directory / "useradd"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return str(directory)


class TestEnsureSystemUser:
    def test_one_that_is_there_needs_no_program(self, tmp_path: Path) -> None:
        ensure_system_user("root", programs=str(tmp_path))

    def test_without_the_program_it_says_what_to_install(self, tmp_path: Path) -> None:
        with pytest.raises(ServerStartFailed, match="apt-get install passwd"):
            ensure_system_user("nobody-knows-this-one", programs=str(tmp_path))

    def test_what_the_program_says_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ServerStartFailed, match="can't be made: cannot lock /etc/passwd"):
            ensure_system_user(
                "nobody-knows-this-one", programs=program(tmp_path, "echo cannot lock /etc/passwd >&2; exit 1")
            )

    def test_two_at_once_wait_for_each_other(self, tmp_path: Path) -> None:
        here = tmp_path / "here"
        programs = program(tmp_path, f"mkdir {here} || touch {tmp_path / 'met'}; sleep 0.3; rmdir {here}")
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: ensure_system_user("nobody-knows-this-one", programs=programs), range(2)))
        assert not (tmp_path / "met").exists()
