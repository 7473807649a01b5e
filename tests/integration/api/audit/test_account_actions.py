"""Every change of who may do what is in the audit log of the organization, with who did it and from where."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pyotp
import pytest

from tests.integration.api.conftest import PASSWORD, Account
from tests.integration.api.mailbox import Mailbox

INVITED = "You are invited to the prompt marketplace"
CHANGED_PASSWORD = "quite another long password"
RESET_PASSWORD = "a third and last long password"

# What is done below, in this order: the action, who did it, what was so before, and what is so now.
EXPECTED: list[tuple[str, str, dict[str, Any] | None, dict[str, Any] | None]] = [
    ("organization.registered", "owner", None, {"role": "seller"}),
    ("user.email_verified", "owner", None, None),
    ("invitation.sent", "owner", None, {"role": "seller"}),
    ("invitation.revoked", "owner", None, {"role": "seller"}),
    ("invitation.sent", "owner", None, {"role": "buyer"}),
    ("user.joined", "member", None, {"role": "buyer"}),
    (
        "user.standing_changed",
        "owner",
        {"role": "buyer", "is_active": True, "is_owner": False},
        {"role": "seller", "is_active": True, "is_owner": False},
    ),
    (
        "user.standing_changed",
        "owner",
        {"role": "seller", "is_active": True, "is_owner": False},
        {"role": "seller", "is_active": False, "is_owner": False},
    ),
    (
        "user.standing_changed",
        "owner",
        {"role": "seller", "is_active": False, "is_owner": False},
        {"role": "seller", "is_active": True, "is_owner": False},
    ),
    ("user.password_changed", "owner", None, None),
    ("user.second_factor_added", "owner", None, None),
    ("user.second_factor_removed", "owner", None, None),
    ("user.password_reset", "owner", None, None),
]


@pytest.fixture
def done(client: httpx.Client) -> Callable[..., Any]:
    """Asks for something that must succeed: the body of the answer."""

    def done(method: str, path: str, by: Account | None = None, **body: Any) -> Any:
        answer = client.request(method, path, json=body, headers=by.headers if by else {})
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    return done


@pytest.fixture
def member(seller: Account, done: Callable[..., Any], mailbox: Mailbox) -> Account:
    """Somebody who joined the seller's organization, after somebody else was invited in vain."""
    unwanted, email = (f"{uuid4().hex}@acme.example" for _ in range(2))
    invitation = done("POST", "/organizations/me/invitations", seller, email=unwanted, role="seller")
    done("DELETE", f"/organizations/me/invitations/{invitation['id']}", seller)
    done("POST", "/organizations/me/invitations", seller, email=email, role="buyer")
    token = mailbox.token(email, subject=INVITED)
    tokens = done("POST", "/auth/invitations/accept", token=token, password=PASSWORD)
    user = tokens["user"]
    return Account(user["id"], user["organization_id"], user["email"], user["role"], tokens)


@pytest.fixture
def verified(seller: Account, done: Callable[..., Any], mailbox: Mailbox) -> Account:
    """The seller, with an e-mail that is verified."""
    done("POST", "/auth/verification/confirm", token=mailbox.token(seller.email, subject="Verify your e-mail address"))
    return seller


class TestRecord:
    def test_every_action_on_accounts_is_noted_with_who_and_what_changed(
        self, client: httpx.Client, verified: Account, member: Account, done: Callable[..., Any], mailbox: Mailbox
    ):
        owner, place = verified, f"/organizations/me/members/{member.user_id}"
        done("PATCH", place, owner, role="seller")
        done("PATCH", place, owner, is_active=False)
        done("PATCH", place, owner, is_active=True)
        done("POST", "/auth/password", owner, current_password=PASSWORD, new_password=CHANGED_PASSWORD)
        app = pyotp.TOTP(done("POST", "/auth/totp", owner, password=CHANGED_PASSWORD)["secret"])
        done("POST", "/auth/totp/confirm", owner, code=app.at(time.time() - 30))
        done("DELETE", "/auth/totp", owner, password=CHANGED_PASSWORD, code=app.now())
        done("POST", "/auth/password-reset", email=owner.email)
        token = mailbox.token(owner.email, subject="Set a new password")
        done("POST", "/auth/password-reset/confirm", token=token, password=RESET_PASSWORD)
        tokens = done("POST", "/auth/login", email=owner.email, password=RESET_PASSWORD)

        log = client.get(
            "/organizations/me/audit-log", headers={"Authorization": f"Bearer {tokens['access_token']}"}
        ).json()["items"]

        names = {owner.user_id: "owner", member.user_id: "member"}
        noted = [
            (entry["action"], names[entry["actor"]["user_id"]], entry["old_value"], entry["new_value"])
            for entry in reversed(log)
        ]
        assert noted == EXPECTED
        assert {entry["origin"]["address"] for entry in log} == {"127.0.0.1"}

    def test_what_is_refused_is_not_noted(self, client: httpx.Client, seller: Account):
        client.patch(f"/organizations/me/members/{seller.user_id}", json={"is_owner": False}, headers=seller.headers)
        client.post(
            "/auth/password",
            json={"current_password": CHANGED_PASSWORD, "new_password": RESET_PASSWORD},
            headers=seller.headers,
        )
        log = client.get("/organizations/me/audit-log", headers=seller.headers).json()["items"]
        assert [entry["action"] for entry in log] == ["organization.registered"]


class TestListOwn:
    def test_members_who_own_nothing_do_not_read_it(self, client: httpx.Client, member: Account):
        answer = client.get("/organizations/me/audit-log", headers=member.headers)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, "owner-required")
