"""Orders and the library as their organization sees them, and nobody else."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from api.pagination import encode_cursor
from tests.integration.api.conftest import Account

CreatePrompt = Callable[..., dict[str, Any]]


@pytest.fixture
def buy(client: httpx.Client, create_prompt: CreatePrompt, seller: Account) -> Callable[[Account], dict[str, Any]]:
    """Buys a new free prompt as somebody: `buy(buyer)`."""

    def buy(who: Account) -> dict[str, Any]:
        body = {"prompt_id": create_prompt(seller, price_cents=0)["id"]}
        answer = client.post("/marketplace/purchase", json=body, headers=who.headers)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return buy


Buy = Callable[[Account], dict[str, Any]]


def read_pages(client: httpx.Client, path: str, who: Account, *, limit: int) -> list[list[dict[str, Any]]]:
    """All pages of a list."""
    pages, parameters = [], {"limit": limit}
    while True:
        page = client.get(path, params=parameters, headers=who.headers).json()
        pages.append(page["items"])
        if page["next_cursor"] is None:
            return pages
        parameters = {"limit": limit, "cursor": page["next_cursor"]}


class TestListOrders:
    def test_the_newest_come_first_over_all_pages(self, client: httpx.Client, buy: Buy, buyer: Account):
        made = [buy(buyer)["id"] for _ in range(5)]
        pages = read_pages(client, "/marketplace/orders", buyer, limit=2)
        assert [len(page) for page in pages] == [2, 2, 1]
        assert [item["id"] for page in pages for item in page] == made[::-1]

    def test_another_organization_sees_none_of_them(
        self, client: httpx.Client, buy: Buy, buyer: Account, seller: Account, register: Callable[[str], Account]
    ):
        buy(buyer)
        for other in (register("buyer"), seller):
            assert client.get("/marketplace/orders", headers=other.headers).json()["items"] == []

    def test_a_cursor_of_another_organization_opens_nothing(
        self, client: httpx.Client, buy: Buy, buyer: Account, register: Callable[[str], Account]
    ):
        buy(buyer), buy(buyer)
        cursor = client.get("/marketplace/orders", params={"limit": 1}, headers=buyer.headers).json()["next_cursor"]
        stranger = register("buyer")
        page = client.get("/marketplace/orders", params={"cursor": cursor}, headers=stranger.headers).json()
        assert page == {"items": [], "next_cursor": None}

    def test_operators_see_all_of_them(self, client: httpx.Client, buy: Buy, buyer: Account, admin: Account):
        order = buy(buyer)
        page = client.get("/marketplace/orders", headers=admin.headers).json()
        assert page["items"][0]["id"] == order["id"]

    def test_a_seller_lists_what_it_sold(
        self, client: httpx.Client, buy: Buy, buyer: Account, seller: Account, register: Callable[[str], Account]
    ):
        sold = [buy(buyer)["id"] for _ in range(3)]
        of_sellers = {"as": "seller"}
        found = client.get("/marketplace/orders", params=of_sellers, headers=seller.headers).json()["items"]
        assert [item["id"] for item in found] == sold[::-1]
        for other in (buyer, register("seller")):
            assert client.get("/marketplace/orders", params=of_sellers, headers=other.headers).json()["items"] == []

    def test_an_order_that_was_never_paid_is_the_buyers_business(
        self,
        client: httpx.Client,
        buy: Buy,
        buyer: Account,
        seller: Account,
        database: psycopg.Connection[DictRow],
    ):
        order = buy(buyer)["id"]
        database.execute("update orders set paid_at = null, status = 'failed' where id = %s", [order])
        page = client.get("/marketplace/orders", params={"as": "seller"}, headers=seller.headers).json()
        assert page["items"] == []
        assert client.get(f"/marketplace/orders/{order}", headers=seller.headers).status_code == 404
        assert client.get(f"/marketplace/orders/{order}", headers=buyer.headers).status_code == 200

    def test_a_seller_is_not_told_where_the_buyer_found_it(
        self, client: httpx.Client, buy: Buy, buyer, seller, database
    ):
        order = buy(buyer)["id"]
        database.execute("update orders set receipt_id = 'r-1' where id = %s", [order])
        paths = (f"/marketplace/orders/{order}", "/marketplace/orders?as=seller")
        told = [client.get(path, headers=seller.headers).text for path in paths]
        assert all(order in text and "r-1" not in text and buyer.email not in text for text in told)
        assert client.get(paths[0], headers=buyer.headers).json()["receipt_id"] == "r-1"

    @pytest.mark.parametrize("cursor", ["x", "W10", "WyIyMDI2IiwgIngiXQ", "%ff", "bm90anNvbg"])
    def test_a_cursor_nobody_gave_out_is_refused(self, client: httpx.Client, buyer: Account, cursor: str):
        answer = client.get("/marketplace/orders", params={"cursor": cursor}, headers=buyer.headers)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "cursor"

    @pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00"])
    def test_nor_is_one_of_a_moment_no_order_has(self, client: httpx.Client, buyer: Account, at: str):
        cursor = encode_cursor(at, str(uuid4()))
        answer = client.get("/marketplace/orders", params={"cursor": cursor}, headers=buyer.headers)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")

    @pytest.mark.parametrize("limit", [0, 101])
    def test_a_page_has_from_1_to_100_items(self, client: httpx.Client, buyer: Account, limit: int):
        answer = client.get("/marketplace/orders", params={"limit": limit}, headers=buyer.headers)
        assert answer.status_code == 422


class TestFindOrder:
    def test_its_buyer_sees_it(self, client: httpx.Client, buy: Buy, buyer: Account, seller: Account):
        order = buy(buyer)
        found = client.get(f"/marketplace/orders/{order['id']}", headers=buyer.headers).json()
        assert found == {name: value for name, value in order.items() if name != "client_secret"}
        assert found["seller_organization_id"] == seller.organization_id
        assert found["prompt_title"] == "Summarise a contract"

    def test_nobody_else_learns_that_it_exists(
        self, client: httpx.Client, buy: Buy, buyer: Account, register: Callable[[str], Account]
    ):
        stranger = register("buyer")
        foreign = client.get(f"/marketplace/orders/{buy(buyer)['id']}", headers=stranger.headers)
        unknown = client.get(f"/marketplace/orders/{uuid4()}", headers=stranger.headers)
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.json()["type"] == unknown.json()["type"]

    def test_operators_see_it(self, client: httpx.Client, buy: Buy, buyer: Account, admin: Account):
        assert client.get(f"/marketplace/orders/{buy(buyer)['id']}", headers=admin.headers).status_code == 200


class TestLibrary:
    def test_the_newest_come_first_over_all_pages(self, client: httpx.Client, buy: Buy, buyer: Account):
        made = [buy(buyer)["id"] for _ in range(3)]
        pages = read_pages(client, "/marketplace/library", buyer, limit=2)
        assert [item["order_id"] for page in pages for item in page] == made[::-1]

    def test_it_is_the_whole_organization_s_and_nobody_else_s(
        self, client: httpx.Client, buy: Buy, buyer: Account, register: Callable[[str], Account]
    ):
        buy(buyer)
        assert client.get("/marketplace/library", headers=register("buyer").headers).json()["items"] == []

    def test_an_archived_prompt_stays_in_it(self, client: httpx.Client, buy: Buy, buyer: Account, seller: Account):
        prompt_id = buy(buyer)["prompt_id"]
        client.post(f"/prompts/{prompt_id}/archive", headers=seller.headers)
        [item] = client.get("/marketplace/library", headers=buyer.headers).json()["items"]
        assert (item["prompt_id"], item["status"]) == (prompt_id, "archived")

    def test_a_log_in_is_needed(self, client: httpx.Client):
        assert client.get("/marketplace/library").status_code == 401
