"""Rankings as published: places from the marts, prices from now."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import Account
from tests.integration.warehouse.marts.hand_made import (
    AS_OF,
    POLICY_VERSION,
    Connection,
    add_prompt,
    add_rank,
    create_marts,
    publish,
)
from warehouse.databases import connect
from warehouse.settings import Settings

CreatePrompt = Callable[..., dict[str, Any]]
Get = Callable[..., dict[str, Any]]


@pytest.fixture
def marts(api_settings: Settings) -> Iterator[Connection]:
    """Marts without a publication."""
    url = str(api_settings.warehouse_url)
    create_marts(url)
    with connect(url, autocommit=True) as connection:
        yield connection
        connection.execute("drop schema marts cascade")


@pytest.fixture
def get(client: httpx.Client) -> Get:
    """A ranking: `get(surface="new")`."""

    def get(**parameters: Any) -> dict[str, Any]:
        answer = client.get("/marketplace/rankings", params=parameters)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return get


@pytest.fixture
def ranked(marts: Connection, create_prompt: CreatePrompt, seller: Account) -> list[dict[str, Any]]:
    """Six prompts, ranked by the order they are given."""
    prompts = [create_prompt(seller, title=f"Ranked {number}", price_cents=100 * number) for number in range(6)]
    publish(marts, "p1")
    for rank, prompt in enumerate(prompts, start=1):
        add_prompt(marts, prompt["id"], seller=seller.organization_id, title=prompt["title"])
        add_rank(marts, prompt["id"], rank, demand=1.0 / rank, freshness=-0.25)
    return prompts


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["prompt_id"] for item in answer["items"]]


class TestBeforeTheFirstPublication:
    def test_there_is_nothing_but_a_receipt(self, get: Get):
        found = get()
        assert (found["items"], found["next_cursor"], found["as_of"]) == ([], None, None)
        assert (found["publication_id"], found["policy_version"]) == (None, None)
        assert found["receipt_id"]

    def test_empty_marts_are_no_publication(self, get: Get, marts: Connection):
        assert get()["as_of"] is None


class TestRankings:
    def test_the_answer_says_which_run_and_policy_it_comes_from(self, get: Get, ranked: list[dict[str, Any]]):
        found = get()
        assert (found["publication_id"], found["policy_version"]) == ("p1", POLICY_VERSION)
        assert found["as_of"] == AS_OF.isoformat().replace("+00:00", "Z")
        assert found["surface"] == "top"

    def test_the_best_comes_first_with_the_parts_of_its_score(self, get: Get, ranked: list[dict[str, Any]]):
        items = get()["items"]
        assert [item["prompt_id"] for item in items] == [prompt["id"] for prompt in ranked]
        assert [item["rank"] for item in items] == [1, 2, 3, 4, 5, 6]
        for item in items:
            assert sum(part["contribution"] for part in item["contributions"]) == pytest.approx(item["score"])
        assert items[1]["price_cents"] == 100
        assert len(items[0]["explanation"]) == 2

    @pytest.mark.parametrize("limit", [1, 2, 5, 6, 100])
    def test_pages_of_any_size_hold_each_prompt_once_in_order(self, get: Get, ranked: list[dict[str, Any]], limit: int):
        items, page = [], get(limit=limit)
        while page["next_cursor"]:
            items += page["items"]
            page = get(limit=limit, cursor=page["next_cursor"])
        items += page["items"]
        assert [item["prompt_id"] for item in items] == [prompt["id"] for prompt in ranked]
        assert [item["position"] for item in items] == [1, 2, 3, 4, 5, 6]

    def test_what_went_off_the_market_is_left_out(
        self, get: Get, ranked: list[dict[str, Any]], client: httpx.Client, seller: Account
    ):
        client.post(f"/prompts/{ranked[1]['id']}/archive", headers=seller.headers)
        first = get(limit=2)
        second = get(limit=2, cursor=first["next_cursor"])
        assert ids(first) + ids(second) == [ranked[number]["id"] for number in (0, 2, 3, 4)]
        assert [item["rank"] for item in first["items"]] == [1, 3]
        assert [item["position"] for item in first["items"]] == [1, 2]

    def test_a_long_row_of_archived_prompts_ends_no_list(
        self, get: Get, marts: Connection, create_prompt: CreatePrompt, seller: Account
    ):
        prompt = create_prompt(seller)
        publish(marts, "p1")
        for rank in range(1, 51):
            gone = f"00000000-0000-4000-8000-{rank:012}"
            add_prompt(marts, gone, seller=seller.organization_id, title="Gone")
            add_rank(marts, gone, rank, demand=1.0)
        add_prompt(marts, prompt["id"], seller=seller.organization_id, title="Last")
        add_rank(marts, prompt["id"], 51, demand=0.5)
        shown, page = [], get(limit=1)
        while page["next_cursor"]:
            shown += page["items"]
            page = get(limit=1, cursor=page["next_cursor"])
        shown += page["items"]
        assert [(item["prompt_id"], item["position"]) for item in shown] == [(prompt["id"], 1)]

    def test_a_category_has_its_own_ranking(self, get: Get, ranked: list[dict[str, Any]], marts: Connection):
        add_rank(marts, ranked[4]["id"], 1, surface="category", segment="legal", demand=1.0)
        assert ids(get(surface="category", category="legal")) == [ranked[4]["id"]]
        assert ids(get(surface="category", category="of nobody")) == []
        assert ids(get(surface="trending")) == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"surface": "category"}, {"surface": "best"}, {"surface": "top", "category": "legal"}, {"limit": 0},
            {"cursor": "x"}, {"sort": "newest"},
        ],
    )  # fmt: skip
    def test_what_means_nothing_is_refused(self, client: httpx.Client, wrong: dict[str, Any]):
        assert client.get("/marketplace/rankings", params=wrong).status_code == 422

    def test_a_cursor_of_another_ranking_is_refused(self, get: Get, client: httpx.Client, ranked: list[dict[str, Any]]):
        parameters = {"cursor": get(limit=1)["next_cursor"], "surface": "new"}
        assert client.get("/marketplace/rankings", params=parameters).status_code == 422


class TestEvents:
    def test_what_was_served_can_be_traced_to_its_publication(
        self, get: Get, ranked: list[dict[str, Any]], stored_events: Callable[..., list[dict[str, Any]]]
    ):
        first = get(limit=2)
        second = get(limit=2, cursor=first["next_cursor"])
        served = {event["properties"]["receipt_id"]: event["properties"] for event in stored_events("results.served")}
        found = served[second["receipt_id"]]
        assert (found["surface"], found["policy_version"]) == ("top", POLICY_VERSION)
        assert found["publication_id"] == "p1"
        assert [(item["prompt_id"], item["position"]) for item in found["items"]] == [
            (ranked[2]["id"], 3), (ranked[3]["id"], 4),
        ]  # fmt: skip
        assert [item["score"] for item in found["items"]] == [item["score"] for item in second["items"]]
