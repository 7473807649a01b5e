"""Acting at the very moment one is erased."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
from psycopg.rows import DictRow

from tests.integration.api.conftest import Account
from tests.waiting import wait_until
from warehouse.databases import connect
from warehouse.settings import Settings

WAITING = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


class TestErasure:
    def test_a_purchase_that_comes_second_needs_a_login_and_leaves_nothing(
        self,
        client: httpx.Client,
        buyer: Account,
        seller: Account,
        create_prompt: Callable[..., dict[str, Any]],
        database: psycopg.Connection[DictRow],
        api_settings: Settings,
    ):
        body = {"prompt_id": create_prompt(seller, price_cents=0)["id"]}
        with ThreadPoolExecutor(1) as pool, connect(str(api_settings.database_url)) as erasure:
            erasure.execute("delete from users where id = %s", [buyer.user_id])
            purchase = pool.submit(client.post, "/marketplace/purchase", json=body, headers=buyer.headers)
            wait_until(lambda: database.execute(WAITING).fetchone() is not None, "the purchase waited for the erasure")
            erasure.commit()
            answer = purchase.result()
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (401, "login-required")
        placed = "select 1 from orders where buyer_organization_id = %s"
        assert database.execute(placed, [buyer.organization_id]).fetchone() is None
