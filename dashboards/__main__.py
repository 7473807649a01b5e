"""`python -m dashboards`: the dashboards' server, once the settings are good. Options are Streamlit's."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import psycopg

from warehouse.databases import connect
from warehouse.settings import SettingsInvalid, get_settings
from warehouse.tenancy import RoleRefused, refuse_power
from warehouse.tenancy.access import user_of

WRONG_USE = 2
PAGES = Path(__file__).resolve().with_name("streamlit_app.py")


def main() -> None:
    """Become Streamlit, or say in one line what is wrong with the settings."""
    try:
        _refuse_given_role(get_settings().marts_database_url)
    except (SettingsInvalid, RoleRefused) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(WRONG_USE)
    # Streamlit takes its configuration from the directory it is started in.
    os.chdir(PAGES.parent.parent)
    command = [sys.executable, "-m", "streamlit", "run", str(PAGES), *sys.argv[1:]]
    os.execv(sys.executable, command)  # nosec B606


def _refuse_given_role(marts_url: str | None) -> None:
    """Of a server that does not answer yet the pages ask again."""
    if marts_url is not None:
        with suppress(psycopg.OperationalError), connect(marts_url) as connection:
            refuse_power(connection, user_of(marts_url), setting="MARTS_DATABASE_URL", is_given=True)


if __name__ == "__main__":
    main()
