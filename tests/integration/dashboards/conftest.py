"""The pages, run by Streamlit's own test client over marts and accounts of two sellers."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.integration.dashboards.account_server import AccountServer, account, serve_accounts
from tests.integration.dashboards.page import LAST_DAY, add_day
from tests.integration.warehouse.marts.hand_made import add_prompt, add_rank, create_marts, publish
from warehouse.databases import connect
from warehouse.servers import Servers
from warehouse.settings import get_settings
from warehouse.tenancy import Access

APP = Path(__file__).resolve().parents[3] / "dashboards" / "streamlit_app.py"
SLOWEST_RUN_SECONDS = 60


@pytest.fixture
def accounts() -> Iterator[AccountServer]:
    people = (
        account("sam@acme.test", "acme"),
        account("zoe@zeta.test", "zeta"),
        account("new@blank.test", "blank"),
        account("bo@acme.test", "acme", role="buyer"),
    )
    with serve_accounts(*people) as running:
        yield running


@pytest.fixture
def app(
    servers: Servers,
    database_url: str,
    warehouse_url: str,
    access: Access,
    accounts: AccountServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[AppTest]:
    """The app as a stranger's browser opens it."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("WAREHOUSE_URL", warehouse_url)
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    monkeypatch.setenv("API_URL", accounts.url)
    forget_everything()
    yield AppTest.from_file(APP, default_timeout=SLOWEST_RUN_SECONDS)
    forget_everything()


def forget_everything() -> None:
    """Settings and caches belong to the process, and every test is another one."""
    get_settings.cache_clear()
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def marts(warehouse_url: str, access: Access) -> str:
    """Two sellers with 60 days, a third with nothing."""
    create_marts(warehouse_url)
    with connect(warehouse_url) as connection:
        publish(connection, "p1")
        add_prompt(connection, "prompt-a", seller="acme", title="Contract *summary*")
        add_prompt(connection, "prompt-b", seller="acme", title="Meeting notes", currency="USD")
        add_prompt(connection, "prompt-c", seller="acme", title="Never shown")
        add_prompt(connection, "prompt-z", seller="zeta", title="Rival's prompt")
        for offset in range(60):
            add_day(connection, LAST_DAY - timedelta(days=offset), is_recent=offset < 28)
        add_rank(connection, "prompt-z", 1, demand=1.5, freshness=0.25)
        add_rank(connection, "prompt-a", 2, demand=1.0, refund_penalty=-0.25)
    return warehouse_url
