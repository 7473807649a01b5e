"""Opens a world over a service's databases."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from api.auth.password import PasswordHasher
from tests.integration.api.access.world import PASSWORD, World
from tests.integration.warehouse.marts.hand_made import create_marts, publish
from warehouse.databases import connect
from warehouse.settings import Settings


@contextmanager
def populated_world(settings: Settings) -> Iterator[World]:
    """The victims and the others, with figures published of the victims."""
    create_marts(str(settings.warehouse_url))
    hasher = PasswordHasher(settings.password_pepper.get_secret_value(), bcrypt_cost=settings.password_bcrypt_cost)
    with (
        connect(str(settings.database_url), autocommit=True) as database,
        connect(str(settings.warehouse_url), autocommit=True) as marts,
    ):
        publish(marts, "p1")
        world = World(database, asyncio.run(hasher.hash(PASSWORD)))
        world.populate(marts)
        yield world
