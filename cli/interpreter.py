"""Lets `python cli/<program>.py` work with any Python: the dependencies live in the project's own environment.

Only the standard library is used here, and nothing newer than Python 3.8 knows, because any interpreter may read it.
"""

import importlib.util
import os
import sys
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
# An interpreter that has all of these has the rest.
DEPENDENCIES = ("click", "psycopg", "pydantic_settings", "redis", "rich")
WRONG_USE = 2


def require_dependencies() -> None:
    """Go on when the dependencies are here; else start again in the project's environment, or say how to make it."""
    if all(importlib.util.find_spec(name) is not None for name in DEPENDENCIES):
        return
    environment = PROJECT_ROOT / ".venv"
    python = environment / "bin" / "python"
    if not python.exists() or Path(sys.prefix).resolve() == environment.resolve():
        print("The product is not set up yet: run ./start.sh or `make setup` first.", file=sys.stderr)
        sys.exit(WRONG_USE)
    sys.stdout.flush()
    program = str(Path(sys.argv[0]).resolve())
    os.execv(python, [str(python), program, *sys.argv[1:]])
