"""What must be there before services start: databases, sample data and one finished pipeline run."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cli.failure import CommandFailed
from cli.sample import OPERATOR_EXTERNAL_ID
from warehouse.databases import connect, database_exists
from warehouse.servers import Servers
from warehouse.settings import PROJECT_ROOT, Settings

# The first pipeline run with the sample data takes well under this; a real catalogue needs more.
FREE_DISK_MIN_BYTES = 500 * 1024 * 1024

Say = Callable[[str], None]


class PreparationFailed(CommandFailed):
    """The product can't be prepared; the message says what to do."""


def check_disk(settings: Settings) -> None:
    """Raise `PreparationFailed` when the data directory's disk is nearly full or can't be written."""
    try:
        settings.data_path.mkdir(parents=True, exist_ok=True)
        probe = settings.data_path / ".writable"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise PreparationFailed(f"the data directory {settings.data_path} can't be used: {error.strerror}") from None
    free = shutil.disk_usage(settings.data_path).free
    if free < FREE_DISK_MIN_BYTES:
        raise PreparationFailed(
            f"{FREE_DISK_MIN_BYTES // 2**20} MB are needed and {free // 2**20} MB are free for {settings.data_path}. "
            "Free some, or choose another place with DATA_DIR=<directory>"
        )


def prepare_databases(servers: Servers, say: Say) -> None:
    """Create and migrate both databases, and let in whoever reads and writes them."""
    from api.migrations import migrate
    from warehouse.loading import prepare_warehouse
    from warehouse.tenancy import prepare_access

    if migrate(servers.database_url):
        say("created the application database")
    prepare_warehouse(servers.warehouse_url)
    prepare_access(servers.access, database_url=servers.database_url, warehouse_url=servers.warehouse_url)


def prepare_sample_data(servers: Servers, settings: Settings, say: Say) -> None:
    """Fill an empty marketplace with the sample data, or finish filling it. Production gets none."""
    if settings.environment == "production" or not _wants_sample(servers):
        return
    say("filling the empty marketplace with sample data")
    run_command("db", "seed")


def prepare_publication(servers: Servers, say: Say) -> None:
    """Run the pipeline once when nothing was published yet, so that a first start shows living pages."""
    if _has_publication(servers):
        return
    say("running the pipeline for the first time")
    run_command("pipeline", "run")


def run_command(*arguments: str) -> None:
    """Run a `manage.py` command in a process of its own, its output on ours. Raises `PreparationFailed`."""
    command = [sys.executable, str(Path("cli") / "manage.py"), *arguments]
    status = subprocess.run(command, cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, check=False).returncode
    if status != 0:
        raise PreparationFailed(f"`python cli/manage.py {' '.join(arguments)}` ended with status {status}")


def _wants_sample(servers: Servers) -> bool:
    """Whether the marketplace is empty, or seeding it was killed half way."""
    with connect(servers.database_url) as connection:
        row = connection.execute(
            """
            select
                not exists (select 1 from prompts) as is_empty,
                exists (
                    select 1 from organizations
                    where external_id = %s and not coalesce((attributes ->> 'sample_is_complete')::boolean, false)
                ) as is_half_full
            """,
            [OPERATOR_EXTERNAL_ID],
        ).fetchone()
    return row is not None and (row["is_empty"] or row["is_half_full"])


def _has_publication(servers: Servers) -> bool:
    if not database_exists(servers.warehouse_url):
        return False
    with connect(servers.warehouse_url) as connection:
        row = connection.execute("select to_regclass('marts.publications') is not null as exists").fetchone()
        if row is None or not row["exists"]:
            return False
        return connection.execute("select 1 from marts.publications limit 1").fetchone() is not None
