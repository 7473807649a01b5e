"""Browsing and searching what is for sale."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.api.conftest import DEADLINE_SECONDS, PROMPT, Account, create_prompt_of, register_account
from warehouse.databases import connect
from warehouse.settings import Settings

CreatePrompt = Callable[..., dict[str, Any]]
Get = Callable[..., dict[str, Any]]


@pytest.fixture
def get(client: httpx.Client) -> Get:
    """A public answer: `get("browse", category="legal")`."""

    def get(path: str, **parameters: Any) -> dict[str, Any]:
        answer = client.get(f"/marketplace/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return get


@pytest.fixture
def read_all(get: Get) -> Callable[..., list[dict[str, Any]]]:
    """All items of a list, from all its pages."""

    def read_all(path: str, **parameters: Any) -> list[dict[str, Any]]:
        items, page = [], get(path, **parameters)
        while True:
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            page = get(path, **parameters, cursor=page["next_cursor"])

    return read_all


ReadAll = Callable[..., list[dict[str, Any]]]


@dataclass(frozen=True)
class Shelf:
    """Six prompts of one seller that are for sale; the fourth was ordered most."""

    seller: Account
    prompts: list[dict[str, Any]]

    def ids(self, numbers: Iterable[int] = range(6)) -> list[str]:
        return [self.prompts[number]["id"] for number in numbers]


@pytest.fixture(scope="class")
def makers(api_url: str, api_settings: Settings) -> Iterator[tuple[httpx.Client, psycopg.Connection[DictRow]]]:
    """The API and its database, for what the tests of a class look at and leave as it is."""
    with (
        httpx.Client(base_url=f"{api_url}/api/v1", timeout=DEADLINE_SECONDS, trust_env=False) as client,
        connect(str(api_settings.database_url), autocommit=True) as database,
    ):
        yield client, database


@pytest.fixture(scope="class")
def shelf(makers: tuple[httpx.Client, psycopg.Connection[DictRow]]) -> Shelf:
    """With a draft and an archived prompt beside them."""
    client, database = makers
    seller = register_account(client, "seller")
    prices = (500, 100, 500, 900, 0, 300, 700)
    made = [
        create_prompt_of(client, PROMPT, seller, price_cents=price, title=f"Prompt {number}")
        for number, price in enumerate(prices)
    ]
    create_prompt_of(client, PROMPT, seller, publish=False)
    for number, count in ((3, 5), (1, 2), (2, 2)):
        database.execute(
            "insert into prompt_statistics (prompt_id, order_count) values (%s, %s)", [made[number]["id"], count]
        )
    database.execute("update prompts set status = 'archived' where id = %s", [made[6]["id"]])
    return Shelf(seller, made[:6])


@pytest.fixture(scope="class")
def titles(makers: tuple[httpx.Client, psycopg.Connection[DictRow]]) -> None:
    """All that is for sale."""
    client, database = makers
    database.execute("update prompts set status = 'archived' where status = 'published'")
    seller = register_account(client, "seller")
    for title, description, category in (
        ("Marketing plan for a bakery", "Bread.", "marketing"),
        ("Interview questions", "Asks about marketing.", "hiring"),
        ("Code review", "Finds defects.", "engineering"),
    ):
        create_prompt_of(client, PROMPT, seller, title=title, description=description, category=category)


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


class TestBrowse:
    def test_an_item_says_what_it_costs_and_who_sells_it(self, get: Get, create_prompt: CreatePrompt, seller: Account):
        prompt = create_prompt(seller)
        [item] = get("browse", limit=1)["items"]
        assert (item["id"], item["prompt_id"]) == (prompt["id"], prompt["id"])
        assert (item["price_cents"], item["currency"], item["position"]) == (1900, "USD", 1)
        assert item["seller_name"] == seller.tokens["user"]["company_name"]
        assert item["statistics"] == {"order_count": 0, "refund_count": 0}
        assert "template" not in item

    def test_the_statistics_count_orders_and_refunds(
        self, get: Get, create_prompt: CreatePrompt, seller: Account, buyer: Account, client: httpx.Client
    ):
        body = {"prompt_id": create_prompt(seller)["id"]}
        order = client.post("/marketplace/purchase", json=body, headers=buyer.headers).json()
        client.post(f"/marketplace/orders/{order['id']}/refund", headers=buyer.headers)
        assert get("browse", limit=1)["items"][0]["statistics"] == {"order_count": 1, "refund_count": 1}

    def test_drafts_and_archived_prompts_are_not_for_sale(self, read_all: ReadAll, shelf: Shelf):
        assert set(ids(read_all("browse", seller=shelf.seller.organization_id))) == set(shelf.ids())

    @pytest.mark.parametrize("limit", [1, 2, 5, 6, 100])
    @pytest.mark.parametrize(
        ("sort", "order"),
        [
            ("newest", [5, 4, 3, 2, 1, 0]),
            ("price_low", [4, 1, 5, 0, 2, 3]),
            ("price_high", [3, 2, 0, 5, 1, 4]),
            ("popular", [3, 2, 1, 5, 4, 0]),
        ],
    )
    def test_pages_of_any_size_hold_each_prompt_once_in_order(
        self, read_all: ReadAll, shelf: Shelf, sort: str, order: list[int], limit: int
    ):
        items = read_all("browse", sort=sort, limit=limit, seller=shelf.seller.organization_id)
        assert ids(items) == shelf.ids(order)
        assert [item["position"] for item in items] == [1, 2, 3, 4, 5, 6]

    @pytest.mark.parametrize(
        ("wanted", "numbers"),
        [
            ({"min_price_cents": 300}, {0, 2, 3, 5}),
            ({"max_price_cents": 300}, {1, 4, 5}),
            ({"min_price_cents": 500, "max_price_cents": 500}, {0, 2}),
            ({"currency": "usd"}, {0, 1, 2, 3, 4, 5}),
            ({"currency": "EUR"}, set()),
            ({"category": "legal", "tag": "summary"}, {0, 1, 2, 3, 4, 5}),
            ({"category": "Legal"}, set()),
            ({"tag": "of nobody"}, set()),
        ],
    )
    def test_filters_leave_what_fits_all_of_them(
        self, read_all: ReadAll, shelf: Shelf, wanted: dict[str, Any], numbers: set[int]
    ):
        items = read_all("browse", seller=shelf.seller.organization_id, **wanted)
        assert set(ids(items)) == set(shelf.ids(numbers))

    def test_a_seller_is_found_by_name_too(self, read_all: ReadAll, shelf: Shelf):
        name = shelf.seller.tokens["user"]["company_name"]
        assert set(ids(read_all("browse", seller=name))) == set(shelf.ids())

    @pytest.mark.parametrize(
        "wrong",
        [
            {"sort": "cheapest"}, {"limit": 0}, {"limit": 101}, {"min_price_cents": -1}, {"min_price": 5},
            {"currency": "dollars"}, {"category": ""}, {"cursor": "x"}, {"cursor": "W10"}, {"max_price_cents": 2**63},
        ],
    )  # fmt: skip
    def test_what_means_nothing_is_refused(self, client: httpx.Client, wrong: dict[str, Any]):
        answer = client.get("/marketplace/browse", params=wrong)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] in wrong

    def test_a_cursor_of_another_order_is_refused(self, get: Get, client: httpx.Client, shelf: Shelf):
        cursor = get("browse", limit=1)["next_cursor"]
        answer = client.get("/marketplace/browse", params={"cursor": cursor, "sort": "popular"})
        assert answer.status_code == 422


class TestSearch:
    def found(self, answer: dict[str, Any]) -> list[str]:
        return [item["title"] for item in answer["items"]]

    def test_the_title_counts_more_than_the_description(self, get: Get, titles: None):
        assert self.found(get("search", q="marketing")) == ["Marketing plan for a bakery", "Interview questions"]

    def test_other_forms_of_a_word_are_found(self, get: Get, titles: None):
        assert self.found(get("search", q="reviewing")) == ["Code review"]

    def test_words_can_be_left_out(self, get: Get, titles: None):
        assert self.found(get("search", q="marketing -bakery")) == ["Interview questions"]

    @pytest.mark.parametrize("q", ["markting", "marketng plan", "markeitng"])
    def test_a_misspelt_word_finds_titles_that_look_like_it(self, get: Get, titles: None, q: str):
        assert self.found(get("search", q=q)) == ["Marketing plan for a bakery"]

    @pytest.mark.parametrize("q", ["zzzzqqqq", "!!!", "the", "%", "'", '"', "& | ! ( :*", "\\", "🎉", " "])
    def test_what_means_nothing_finds_nothing(self, get: Get, titles: None, q: str):
        assert self.found(get("search", q=q)) == []

    @pytest.mark.parametrize("q", ["marketing", "markting"])
    def test_pages_go_on_where_the_last_one_ended(
        self, read_all: ReadAll, create_prompt: CreatePrompt, seller: Account, titles: None, q: str,
        database: psycopg.Connection[DictRow],
    ):  # fmt: skip
        made = [create_prompt(seller, title=f"Marketing {number}") for number in range(5)]
        items = read_all("search", q=q, limit=2)
        assert len(set(ids(items))) == len(items) == len(read_all("search", q=q, limit=100)) > 5
        assert [item["score"] for item in items] == sorted((item["score"] for item in items), reverse=True)
        assert [item["position"] for item in items] == list(range(1, len(items) + 1))
        database.execute("update prompts set status = 'archived' where id = any(%s::uuid[])", [ids(made)])

    def test_filters_narrow_it(self, get: Get, titles: None):
        assert self.found(get("search", q="marketing", category="hiring")) == ["Interview questions"]

    @pytest.mark.parametrize("wrong", [{}, {"q": ""}, {"q": "x" * 501}, {"q": "x", "sort": "newest"}, {"q": "\x00"}])
    def test_a_search_for_nothing_is_refused(self, client: httpx.Client, wrong: dict[str, Any]):
        assert client.get("/marketplace/search", params=wrong).status_code == 422


class TestCategories:
    def test_they_count_what_is_for_sale(
        self, get: Get, create_prompt: CreatePrompt, seller: Account, database: psycopg.Connection[DictRow]
    ):
        database.execute("update prompts set status = 'archived' where status = 'published'")
        for category in ("art", "law", "law", None):
            create_prompt(seller, category=category)
        create_prompt(seller, category="art", publish=False)
        items = get("categories")["items"]
        assert items == [{"category": "law", "prompt_count": 2}, {"category": "art", "prompt_count": 1}]


class TestEvents:
    def test_what_was_served_is_noted_with_its_positions(
        self, get: Get, shelf: Shelf, stored_events: Callable[..., list[dict[str, Any]]]
    ):
        first = get("browse", limit=2)
        second = get("browse", limit=2, cursor=first["next_cursor"])
        served = {event["properties"]["receipt_id"]: event["properties"] for event in stored_events("results.served")}
        assert first["receipt_id"] != second["receipt_id"]
        assert served[first["receipt_id"]]["surface"] == "browse"
        assert served[second["receipt_id"]]["items"] == [
            {
                "prompt_id": item["id"], "version": 1, "position": position, "score": None, "propensity": 1.0,
                "is_exploration": False,
            }
            for position, item in zip((3, 4), second["items"], strict=True)
        ]  # fmt: skip

    def test_a_search_is_noted_once_however_many_pages_are_read(
        self, get: Get, client: httpx.Client, buyer: Account, create_prompt: CreatePrompt, seller: Account,
        stored_events: Callable[..., list[dict[str, Any]]],
    ):  # fmt: skip
        create_prompt(seller, title="Xylophone one"), create_prompt(seller, title="Xylophone two")
        parameters: dict[str, Any] = {"q": "xylophone", "limit": 1, "currency": "USD"}
        first = client.get("/marketplace/search", params=parameters, headers=buyer.headers).json()
        client.get("/marketplace/search", params={**parameters, "cursor": first["next_cursor"]}, headers=buyer.headers)
        [searched] = stored_events("search.performed", user_id=buyer.user_id)
        assert searched["properties"] == {"query": "xylophone", "filters": {"currency": "USD"}, "result_count": 1}
        served = stored_events("results.served", user_id=buyer.user_id)
        assert [event["properties"]["query"] for event in served] == ["xylophone", "xylophone"]

    def test_looking_into_a_category_is_noted(
        self, client: httpx.Client, buyer: Account, stored_events: Callable[..., list[dict[str, Any]]]
    ):
        client.get("/marketplace/browse", params={"category": "legal"}, headers=buyer.headers)
        [browsed] = stored_events("category.browsed", user_id=buyer.user_id)
        assert browsed["properties"] == {"category": "legal"}
