"""Reviews: by those who bought, one each, seen by everybody unless hidden."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import Account

Submit = Callable[..., httpx.Response]


@pytest.fixture
def prompt(create_prompt: Callable[..., dict[str, Any]], seller: Account) -> dict[str, Any]:
    """A free published prompt."""
    return create_prompt(seller, price_cents=0)


@pytest.fixture
def submit(client: httpx.Client, prompt: dict[str, Any]) -> Submit:
    """Reviews the prompt: `submit(by=buyer, rating=4)`."""

    def submit(by: Account, **body: Any) -> httpx.Response:
        return client.post(f"/marketplace/prompts/{prompt['id']}/reviews", json=body, headers=by.headers)

    return submit


@pytest.fixture
def owner(client: httpx.Client, buyer: Account, prompt: dict[str, Any]) -> Account:
    """The buyer, who bought the prompt."""
    assert client.post("/marketplace/purchase", json={"prompt_id": prompt["id"]}, headers=buyer.headers).is_success
    return buyer


class TestSubmit:
    def test_a_buyers_review_is_public(
        self, submit: Submit, client: httpx.Client, owner: Account, prompt: dict[str, Any]
    ):
        made = submit(owner, rating=4, text="Saves an hour a day.")
        assert made.status_code == 201
        [shown] = client.get(f"/marketplace/prompts/{prompt['id']}/reviews").json()["items"]
        assert (shown["id"], shown["rating"], shown["text"]) == (made.json()["id"], 4, "Saves an hour a day.")
        assert "user_id" not in shown

    def test_sent_again_it_replaces_the_one_before(
        self, submit: Submit, client: httpx.Client, owner: Account, prompt: dict[str, Any]
    ):
        first, second = submit(owner, rating=4, text="Good"), submit(owner, rating=2)
        assert second.json()["id"] == first.json()["id"]
        [shown] = client.get(f"/marketplace/prompts/{prompt['id']}/reviews").json()["items"]
        assert (shown["rating"], shown["text"]) == (2, "")

    def test_it_is_an_event(
        self,
        submit: Submit,
        owner: Account,
        prompt: dict[str, Any],
        stored_events: Callable[..., list[dict[str, Any]]],
    ):
        submit(owner, rating=5)
        [event] = stored_events("review.submitted", user_id=owner.user_id)
        assert (str(event["prompt_id"]), event["properties"]) == (prompt["id"], {"rating": 5})

    def test_who_did_not_buy_cannot(self, submit: Submit, buyer: Account):
        assert submit(buyer, rating=1).status_code == 403

    def test_who_gave_it_back_cannot_write_another(
        self, submit: Submit, owner: Account, client: httpx.Client, database: Any
    ):
        database.execute(
            "update entitlements set revoked_at = now() where organization_id = %s", [owner.organization_id]
        )
        assert submit(owner, rating=1).status_code == 403

    def test_sellers_do_not_review_what_they_sell(self, submit: Submit, seller: Account):
        assert submit(seller, rating=5).status_code == 409

    @pytest.mark.parametrize(
        "body", [{}, {"rating": 0}, {"rating": 6}, {"rating": 4.5}, {"rating": 5, "text": "x" * 5001}]
    )
    def test_what_is_no_review_is_refused(self, submit: Submit, owner: Account, body: dict[str, Any]):
        assert submit(owner, **body).status_code == 422


class TestListShown:
    def test_reviews_of_a_draft_are_not_there(
        self, client: httpx.Client, seller: Account, create_prompt: Callable[..., dict[str, Any]]
    ):
        draft = create_prompt(seller, publish=False)
        assert client.get(f"/marketplace/prompts/{draft['id']}/reviews").status_code == 404

    def test_pages_follow_each_other(
        self,
        submit: Submit,
        client: httpx.Client,
        owner: Account,
        register: Callable[[str], Account],
        prompt: dict[str, Any],
    ):
        other = register("buyer")
        client.post("/marketplace/purchase", json={"prompt_id": prompt["id"]}, headers=other.headers)
        older, newer = submit(owner, rating=1).json()["id"], submit(other, rating=2).json()["id"]
        path = f"/marketplace/prompts/{prompt['id']}/reviews"
        first = client.get(path, params={"limit": 1}).json()
        second = client.get(path, params={"limit": 1, "cursor": first["next_cursor"]}).json()
        assert [first["items"][0]["id"], second["items"][0]["id"]] == [newer, older]
        assert second["next_cursor"] is None
