"""The platform is never left without an operator, also when two act on each other at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.api.conftest import PASSWORD, Account
from tests.waiting import wait_until
from warehouse.databases import connect
from warehouse.settings import Settings

OPERATORS = "role = 'admin' and is_active and email is not null"
WAITING = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


@pytest.fixture
def operators(
    client: httpx.Client, register: Callable[[str], Account], database: psycopg.Connection[DictRow]
) -> list[tuple[Account, dict[str, str]]]:
    """The only two there are, with the headers of their log-ins."""
    database.execute("update users set is_active = false where role = 'admin'")
    found = []
    for account in (register("seller"), register("seller")):
        database.execute("update users set role = 'admin' where id = %s", [account.user_id])
        tokens = client.post("/auth/login", json={"email": account.email, "password": PASSWORD}).json()
        found.append((account, {"Authorization": f"Bearer {tokens['access_token']}"}))
    return found


class TestOperatorsOfEachOther:
    @pytest.mark.parametrize(
        ("action", "body"), [("role", {"role": "buyer", "reason": "Left."}), ("deactivate", {"reason": "Left."})]
    )
    def test_the_second_is_refused(
        self,
        client: httpx.Client,
        operators: list[tuple[Account, dict[str, str]]],
        database: psycopg.Connection[DictRow],
        api_settings: Settings,
        action: str,
        body: dict[str, Any],
    ):
        (ana, by_ana), (bob, by_bob) = operators
        with ThreadPoolExecutor(2) as pool, connect(str(api_settings.database_url)) as holding:
            holding.execute(f"select 1 from users where {OPERATORS} for update")
            sent = [
                pool.submit(client.post, f"/admin/users/{of.user_id}/{action}", json=body, headers=headers)
                for of, headers in ((bob, by_ana), (ana, by_bob))
            ]
            wait_until(lambda: len(database.execute(WAITING).fetchall()) == 2, "both waited")
            holding.rollback()
            answers = [each.result() for each in sent]
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        [refused] = [answer.json()["title"] for answer in answers if answer.status_code == 409]
        assert refused == "Last operator"
        assert database.execute(f"select count(*) as left from users where {OPERATORS}").fetchone() == {"left": 1}
