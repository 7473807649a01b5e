"""The environment variables that tell dbt where the warehouse is."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from warehouse.publication.tested import AlreadyTested

DEFAULT_PORT = "5432"
# dbt's profile has no place for these; the client library below it reads them from the environment.
LIBPQ_VARIABLES = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS",
    "channel_binding": "PGCHANNELBINDING",
}


def dbt_environment(warehouse_url: str, data_path: Path) -> dict[str, str]:
    """Environment variables for dbt, from the warehouse's URL and the data directory that takes what dbt writes."""
    parts: Mapping[str, object] = conninfo_to_dict(warehouse_url)
    return {
        "DBT_HOST": str(parts.get("host") or "localhost"),
        "DBT_PORT": str(parts.get("port") or DEFAULT_PORT),
        "DBT_USER": str(parts.get("user") or ""),
        "DBT_PASSWORD": str(parts.get("password") or ""),
        "DBT_DBNAME": str(parts.get("dbname") or ""),
        "DBT_TARGET_PATH": str(data_path / "dbt" / "target"),
        "DBT_LOG_PATH": str(data_path / "dbt" / "logs"),
        **{variable: str(parts[name]) for name, variable in LIBPQ_VARIABLES.items() if parts.get(name)},
    }


def duckdb_environment(database: Path, data_path: Path, *, memory_limit_mb: int) -> dict[str, str]:
    """Environment variables for dbt on DuckDB, from the file to build in and the data directory.

    What dbt remembers of the project it would parse anew for each other engine, so it has a place of its own.
    """
    return {
        "DBT_DUCKDB_PATH": str(database),
        "DBT_DUCKDB_MEMORY_LIMIT": f"{memory_limit_mb}MB",
        "DBT_TARGET_PATH": str(data_path / "dbt" / "target-duckdb"),
        "DBT_LOG_PATH": str(data_path / "dbt" / "logs"),
    }


def tested_environment(tested: AlreadyTested | None) -> dict[str, str]:
    """Environment variables that tell dbt's tests which rows were tested before; with None they look at all."""
    return {
        "DBT_TESTED_LOADED_THROUGH": tested.loaded_through.isoformat() if tested else "",
        "DBT_TESTED_BUILT_THROUGH": tested.built_through.isoformat() if tested else "",
    }


def made_environment(made_through: datetime | None) -> dict[str, str]:
    """Environment variables that tell dbt's models through which load all of them were made; None where unknown."""
    return {"DBT_MADE_THROUGH": made_through.isoformat() if made_through else ""}


@contextmanager
def environment_variables(variables: Mapping[str, str]) -> Iterator[None]:
    """Set these variables of the process for a while: dbt in this process reads them as its command line would."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
