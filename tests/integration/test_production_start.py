"""Nothing starts in production on secrets everybody knows: each program names all of them in one line."""

import os
import subprocess
import sys

import pytest

from warehouse.production import OPTIONAL_SECRETS, secret_names
from warehouse.settings import NEEDED_IN_PRODUCTION, PROJECT_ROOT, Settings

PROGRAMS = {
    "api": ("-m", "uvicorn", "api.main:app", "--port", "0"),
    "cli": ("cli/manage.py", "user", "list"),
    "pipeline": ("cli/manage.py", "pipeline", "run"),
    "everything": ("-m", "cli.start"),
    "dashboards": ("-m", "dashboards", "--server.port", "0"),
    "dagster": ("-m", "orchestration.home"),
}
NAMES = {name.upper() for name in {*secret_names(Settings), *NEEDED_IN_PRODUCTION} - OPTIONAL_SECRETS}


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """Runs a program in an environment that says production and nothing else."""

    def ended(program: str) -> subprocess.CompletedProcess[str]:
        bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        place = tmp_path_factory.mktemp("production")
        return subprocess.run(
            [sys.executable, *PROGRAMS[program]],
            cwd=PROJECT_ROOT,
            env=bare | {"ENVIRONMENT": "production", "DATA_DIR": str(place)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return ended


class TestProductionStart:
    @pytest.mark.parametrize("program", PROGRAMS)
    def test_is_refused_in_one_line_that_names_everything(self, ended, program):
        end = ended(program)
        (line,) = [line for line in end.stderr.splitlines() if "can't start" in line]
        assert end.returncode > 0
        assert {name for name in NAMES if f"{name} is missing" in line} == NAMES
        assert "Traceback" not in end.stderr + end.stdout
