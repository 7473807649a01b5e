"""History of the application database's schema."""

from alembic import command
from alembic.config import Config

from warehouse.databases import create_database
from warehouse.settings import PROJECT_ROOT


def migrate(database_url: str, revision: str = "head") -> bool:
    """Create the database if it is missing and bring its schema up to `revision`; whether it was created."""
    created = create_database(database_url)
    configuration = Config(PROJECT_ROOT / "alembic.ini")
    configuration.attributes["database_url"] = database_url
    command.upgrade(configuration, revision)
    return created
