"""The command line with a Python that has none of the dependencies."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from warehouse.settings import PROJECT_ROOT


@pytest.fixture
def bare_python():
    """The Python the environment was made from, without any site packages."""
    return [str(Path(sys.base_prefix) / "bin" / "python3"), "-S"]


@pytest.fixture
def project_without_environment(tmp_path):
    for name in ("__init__.py", "manage.py", "interpreter.py"):
        target = tmp_path / "cli" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT_ROOT / "cli" / name, target)
    return tmp_path


@pytest.fixture
def environment(project_without_environment):
    """An environment whose Python only tells how it was called."""
    python = project_without_environment / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nfor argument in "$@"; do echo "$argument"; done\n')
    python.chmod(0o755)
    return project_without_environment


def call(command, cwd):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


class TestRequireDependencies:
    def test_without_an_environment_it_says_how_to_make_one(self, bare_python, project_without_environment):
        done = call([*bare_python, str(project_without_environment / "cli" / "manage.py"), "user", "list"], "/")
        assert done.returncode == 2
        assert done.stderr == "The product is not set up yet: run ./start.sh or `make setup` first.\n"

    def test_goes_on_in_the_environment_with_the_same_arguments(self, bare_python, environment):
        done = call([*bare_python, "cli/manage.py", "import", "catalog", "my file.csv"], environment)
        assert done.stdout.splitlines() == [str(environment / "cli" / "manage.py"), "import", "catalog", "my file.csv"]

    def test_from_any_directory_the_modules_of_the_project_are_found(self, tmp_path):
        (tmp_path / "cli.py").write_text("raise SystemExit('the wrong module')")
        done = call([sys.executable, str(PROJECT_ROOT / "cli" / "manage.py"), "--help"], tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
