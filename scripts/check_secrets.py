"""Fails when a file of the repository holds something that looks like a secret: a key, a token, a password."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

from scripts.check_sizes import tracked

# Hashes of packages, and pictures.
NOT_SCANNED = frozenset({"requirements.lock"})
# Values that say themselves that they open nothing.
MADE_UP = re.compile(r"development.only|sample-password-for-trying-out|whsec_not_the_secret_|//\w+:password@")
# Names such as `password` are enough for these to find something. Tests invent passwords all over; keys and tokens of
# a known form, and long random text, are looked for in them too.
BY_NAME = frozenset({"KeywordDetector", "BasicAuthDetector"})
MADE_UP_IN = ("tests/", "bench/")


def find_secrets(paths: Iterable[Path]) -> list[str]:
    """What looks like a secret, as `file:line: kind`. A line can be excused with `# pragma: allowlist secret`."""
    found = []
    # The annotation is ours: what the library says of its plugins is Any or nothing, as mypy's cache has it.
    known: dict[str, type[Any]] = get_mapping_from_secret_type_to_class()
    plugins = sorted(plugin.__name__ for plugin in known.values())
    for path in paths:
        in_tests = path.as_posix().startswith(MADE_UP_IN)
        wanted = [name for name in plugins if not (in_tests and name in BY_NAME)]
        with transient_settings(_settings(wanted)):
            lines = path.read_text(errors="replace").splitlines()
            found += [
                f"{path}:{secret.line_number}: {secret.type}"
                for secret in scan_file(str(path))
                if not MADE_UP.search(lines[secret.line_number - 1])
            ]
    return found


def _settings(plugins: list[str]) -> dict[str, Any]:
    # Nothing is asked of the network to find out whether a secret works.
    return {"plugins_used": [{"name": name} for name in plugins]}


def main() -> int:
    """Print what was found; 1 when anything was."""
    found = find_secrets(path for path in tracked() if path.is_file() and str(path) not in NOT_SCANNED)
    print("\n".join(found) if found else "no file holds a secret")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
