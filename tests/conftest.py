"""Real servers for the tests: one pair for the session, fresh databases where a test asks for them."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from api.migrations import migrate
from tests.order import longest_first
from warehouse.databases import connect, drop_database
from warehouse.loading import prepare_warehouse
from warehouse.servers import Servers, running_servers
from warehouse.settings import Settings, get_settings, with_database
from warehouse.tenancy import Access, access_of, prepare_access

PROJECT_ROOT = Path(__file__).resolve().parent.parent
REAL_DATA = PROJECT_ROOT.parent / "shared" / "data"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--no-loadscope-reorder` xdist takes files in the order given: those that take longest first."""
    if not config.getoption("loadscopereorder", default=True):
        items[:] = longest_first(items)


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """A data directory of this test session alone."""
    with tempfile.TemporaryDirectory(prefix="marketplace-tests-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session", autouse=True)
def test_environment(data_dir: Path) -> Iterator[None]:
    """Settings of the developer's shell must not reach the tests, but for the servers they are to run against."""
    os.environ["DATA_DIR"] = str(data_dir)
    os.environ["ENVIRONMENT"] = "test"
    os.environ["PASSWORD_BCRYPT_COST"] = "4"
    # Tests register more people from one address than anybody else.
    os.environ["LOGIN_RATE_LIMIT_MULTIPLIER"] = "1000"
    _choose_servers_of_this_worker()
    get_settings.cache_clear()
    yield


def _choose_servers_of_this_worker() -> None:
    """Loads and archives stop at a server's oldest transaction: workers that shared one would wait for each other."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").upper()
    for name in ("DATABASE_URL", "REDIS_URL"):
        if own := os.environ.get(f"{name}_{worker}"):
            os.environ[name] = own


@pytest.fixture(scope="session")
def settings(test_environment: None) -> Settings:
    """The settings the session's processes run with."""
    return get_settings()


@pytest.fixture(scope="session")
def servers(settings: Settings) -> Iterator[Servers]:
    """Postgres and Redis: embedded ones, or those `DATABASE_URL` and `REDIS_URL` name."""
    with running_servers(settings) as running:
        if settings.database_url is None:
            _trade_durability_for_speed(running.database_url)
        yield running


def _trade_durability_for_speed(database_url: str) -> None:
    """Nobody cuts the power of a server that lives as long as the tests; what survives a kill is not touched."""
    with connect(with_database(database_url, "postgres"), autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(f"alter system set {setting} = off".encode())
        connection.execute("select pg_reload_conf()")


@pytest.fixture(scope="session")
def template_database(servers: Servers) -> Iterator[str]:
    """A migrated, empty application database to copy from."""
    url = with_database(servers.database_url, f"test_template_{uuid4().hex[:12]}")
    migrate(url)
    yield url
    drop_database(url)


@pytest.fixture(scope="module")
def database_url(template_database: str) -> Iterator[str]:
    """An empty, migrated application database for one test module."""
    url = with_database(template_database, f"test_{uuid4().hex[:12]}")
    copy_database(template_database, url)
    yield url
    drop_database(url)


@pytest.fixture(scope="module")
def warehouse_url(database_url: str) -> Iterator[str]:
    """An empty warehouse for one test module, with raw tables."""
    url = with_database(database_url, f"test_{uuid4().hex[:12]}_warehouse")
    prepare_warehouse(url)
    yield url
    drop_database(url)


@pytest.fixture(scope="module")
def access(settings: Settings, database_url: str, warehouse_url: str) -> Access:
    """The roles of the module's databases, and the key of their scopes."""
    access = access_of(settings, database_url=database_url, warehouse_url=warehouse_url)
    prepare_access(access, database_url=database_url, warehouse_url=warehouse_url)
    return access


@pytest.fixture
def redis_url(servers: Servers) -> Iterator[str]:
    """An empty Redis."""
    import redis

    with redis.Redis.from_url(servers.redis_url) as client:
        client.flushdb()
        yield servers.redis_url
        client.flushdb()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data beside the project."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real data is not on this machine (looked in {REAL_DATA.name} beside the project)")
    return REAL_DATA


def copy_database(template: str, copy: str) -> None:
    """Copy a database on the same server."""
    from psycopg import sql

    from warehouse.databases import connect
    from warehouse.settings import database_name

    with connect(with_database(copy, "postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(database_name(copy)), sql.Identifier(database_name(template))
            )
        )
