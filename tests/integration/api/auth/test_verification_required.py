"""Where e-mails must be verified: what waits for it, and that the mailed link is all it takes."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import Account
from tests.integration.api.mailbox import Mailbox
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def api_settings(api_settings: Settings) -> Settings:
    """As in production."""
    return api_settings.model_copy(update={"email_verification_required": True})


@pytest.fixture
def verify(client: httpx.Client, mailbox: Mailbox) -> Callable[[Account], None]:
    """Follows the link in the mail."""

    def verify(account: Account) -> None:
        token = mailbox.token(account.email, subject="Verify your e-mail address")
        assert client.post("/auth/verification/confirm", json={"token": token}).status_code == 204

    return verify


class TestRequirement:
    def test_publishing_waits_for_the_mailed_link(
        self,
        client: httpx.Client,
        seller: Account,
        create_prompt: Callable[..., dict[str, Any]],
        verify: Callable[[Account], None],
    ):
        publish = f"/prompts/{create_prompt(seller, publish=False)['id']}/publish"
        refused = client.post(publish, headers=seller.headers)
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "email-not-verified")
        assert "/api/v1/auth/verification" in refused.json()["detail"]
        verify(seller)
        assert client.post(publish, headers=seller.headers).status_code == 200

    def test_buying_waits_for_the_mailed_link(
        self,
        client: httpx.Client,
        buyer: Account,
        seller: Account,
        create_prompt: Callable[..., dict[str, Any]],
        verify: Callable[[Account], None],
    ):
        verify(seller)
        body = {"prompt_id": create_prompt(seller, price_cents=0)["id"]}
        refused = client.post("/marketplace/purchase", json=body, headers=buyer.headers)
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "email-not-verified")
        assert client.get("/marketplace/orders", headers=buyer.headers).json()["items"] == []
        verify(buyer)
        assert client.post("/marketplace/purchase", json=body, headers=buyer.headers).status_code == 201

    def test_the_rest_does_not_wait(self, client: httpx.Client, seller: Account, prompt_body: dict[str, Any]):
        assert client.post("/prompts", json=prompt_body, headers=seller.headers).status_code == 201
