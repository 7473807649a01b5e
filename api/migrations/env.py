"""Runs migrations on the URL the caller hands over, or on the servers of the settings (Alembic's command line)."""

from contextlib import ExitStack
from typing import Any

from alembic import context
from sqlalchemy import create_engine, pool

from api.models import Model
from warehouse.databases import create_database, sqlalchemy_url
from warehouse.servers import running_servers
from warehouse.settings import get_settings


def include_object(_item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Leave alone what only the database knows: loading's transaction stamps and indexes written as SQL."""
    return not (reflected and compare_to is None and (kind == "index" or name == "changed_xid"))


def run(database_url: str) -> None:
    """Run the migrations in one transaction."""
    engine = create_engine(sqlalchemy_url(database_url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Model.metadata, include_object=include_object)
        with context.begin_transaction():
            context.run_migrations()


with ExitStack() as stack:
    url = context.config.attributes.get("database_url")
    if url is None:
        url = stack.enter_context(running_servers(get_settings())).database_url
        create_database(url)
    run(url)
