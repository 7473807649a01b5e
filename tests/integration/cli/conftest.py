"""`manage.py` on databases of the test's own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from cli.failure import run
from cli.manage import manage as program
from warehouse.databases import drop_database
from warehouse.servers import Servers
from warehouse.settings import PROJECT_ROOT, database_name, get_settings, with_database


def warehouse_of(url: str) -> str:
    """The warehouse that goes with an application database when no setting says otherwise."""
    return with_database(url, f"{database_name(url)}_warehouse")


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


@pytest.fixture
def use_database(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Point the settings at an application database; its warehouse lies beside it."""

    def use(url: str) -> None:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.delenv("WAREHOUSE_URL", raising=False)
        monkeypatch.setenv("REDIS_URL", servers.redis_url)
        get_settings.cache_clear()

    yield use
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def manage(
    use_database: Callable[[str], None], database_url: str, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Ended]]:
    """Run a command in this process on the module's database."""
    use_database(database_url)

    def run_command(*arguments: str) -> Ended:
        capsys.readouterr()
        status = run(program, arguments)
        printed = capsys.readouterr()
        return Ended(status, printed.out, printed.err)

    yield run_command
    drop_database(warehouse_of(database_url))


@pytest.fixture
def manage_process(use_database: Callable[[str], None], database_url: str) -> Callable[..., Ended]:
    """Run a command as users do: a process of its own, without a terminal."""
    use_database(database_url)

    def run_command(*arguments: str, typed: str = "", cwd: Path = PROJECT_ROOT) -> Ended:
        done = subprocess.run(
            [sys.executable, str(PROJECT_ROOT / "cli" / "manage.py"), *arguments],
            cwd=cwd,
            input=typed,
            env=os.environ,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run_command


@pytest.fixture
def missing_database_url(database_url: str) -> Iterator[str]:
    """The URL of a database that nobody made yet."""
    url = with_database(database_url, f"test_missing_{os.getpid()}")
    yield url
    drop_database(url)
    drop_database(warehouse_of(url))
