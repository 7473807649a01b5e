"""Nobody but its owner reads what processes write about people."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli import failure
from cli.commands import pipeline
from orchestration.alerts.delivery import write_log
from warehouse.lake.manifest import put_in_place
from warehouse.private_file import open_log
from warehouse.settings import Settings


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


class TestPrivateFiles:
    @pytest.mark.parametrize("is_there", [True, False])
    def test_a_log_is_closed_to_others(self, tmp_path: Path, is_there: bool) -> None:
        file = tmp_path / "api.log"
        if is_there:
            file.write_text("before ")
            file.chmod(0o644)
        with open_log(file) as log:
            log.write(b"after")
        assert mode(file) == 0o600
        assert file.read_text().split() == ["before"] * is_there + ["after"]

    def test_so_is_that_of_alerts_and_each_it_rotates_into(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("orchestration.alerts.delivery.LOG_FILE_MAX_BYTES", 40)
        told = SimpleNamespace(severity="error", rule="rule", subject="subject", message="message " * 4)
        news: Any = SimpleNamespace(occasion="firing", outcome=told)
        write_log(tmp_path, [news, news, news])
        files = sorted((tmp_path / "logs").iterdir())
        assert len(files) > 1
        assert {mode(file) for file in files} == {0o600}
        assert logging.getLogger("alerts").handlers == []

    def test_so_is_that_of_pipeline_runs(self, tmp_path: Path) -> None:
        file, _ = pipeline._open_log(Settings(data_dir=tmp_path))
        assert mode(file) == 0o600

    def test_so_is_that_of_commands(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(failure, "_log_file", lambda: tmp_path / "cli.log")
        failure._unexpected(ValueError("of somebody"))
        assert mode(tmp_path / "cli.log") == 0o600

    def test_so_is_a_file_of_the_lake(self, tmp_path: Path) -> None:
        (tmp_path / "unfinished").write_text("events")
        (tmp_path / "unfinished").chmod(0o644)
        put_in_place(tmp_path / "unfinished", tmp_path / "part")
        assert mode(tmp_path / "part") == 0o600
