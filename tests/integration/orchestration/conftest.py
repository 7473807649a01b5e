import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from orchestration.outcome import RunOutcome
from tests.integration.orchestration.marketplace import fill
from tests.integration.orchestration.running import run
from warehouse.servers import Servers
from warehouse.settings import get_settings


@dataclass(frozen=True)
class Place:
    """Where one test module's marketplace lies, also as the environment of its processes."""

    database_url: str
    warehouse_url: str
    redis_url: str
    data_dir: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "WAREHOUSE_URL": self.warehouse_url,
            "REDIS_URL": self.redis_url,
            "DATA_DIR": str(self.data_dir),
        }


@pytest.fixture(scope="session")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where parsed dbt projects are kept for all data directories: parsing takes seconds."""
    return tmp_path_factory.mktemp("manifests")


def new_data_dir(directory: Path, manifests: Path) -> Path:
    """An empty data directory that shares the parsed dbt project."""
    (directory / "dbt").mkdir(parents=True)
    (directory / "dbt" / "manifests").symlink_to(manifests)
    return directory


@pytest.fixture(scope="module")
def place(
    servers: Servers,
    database_url: str,
    warehouse_url: str,
    manifests: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    """A small marketplace, and settings of this process that lead to it."""
    data_dir = new_data_dir(tmp_path_factory.mktemp("data"), manifests)
    place = Place(database_url, warehouse_url, servers.redis_url, data_dir)
    with redis.Redis.from_url(place.redis_url) as client:
        client.flushdb()
    fill(place.database_url)
    before = {name: os.environ.get(name) for name in place.environment}
    os.environ.update(place.environment)
    get_settings.cache_clear()
    yield place
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
    get_settings.cache_clear()


@pytest.fixture(scope="module")
def first_run(place: Place) -> RunOutcome:
    """The marketplace's first run."""
    return run()
