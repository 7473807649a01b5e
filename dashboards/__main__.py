"""`python -m dashboards`: the dashboards' server, once the settings are good. Options are Streamlit's."""

import os
import sys
from pathlib import Path

from warehouse.settings import SettingsInvalid, get_settings

WRONG_USE = 2
PAGES = Path(__file__).resolve().with_name("streamlit_app.py")


def main() -> None:
    """Become Streamlit, or say in one line what is wrong with the settings."""
    try:
        get_settings()
    except SettingsInvalid as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(WRONG_USE)
    # Streamlit takes its configuration from the directory it is started in.
    os.chdir(PAGES.parent.parent)
    command = [sys.executable, "-m", "streamlit", "run", str(PAGES), *sys.argv[1:]]
    os.execv(sys.executable, command)  # nosec B606


if __name__ == "__main__":
    main()
