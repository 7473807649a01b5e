"""Organizations, members and invitations, from outside."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.api.conftest import PASSWORD, Account
from tests.integration.api.mailbox import Mailbox

INVITED = "You are invited to the prompt marketplace"
MEMBER_PASSWORD = "a password of a member"


@pytest.fixture
def invite(client: httpx.Client) -> Callable[..., httpx.Response]:
    """Invites an address as an owner."""

    def invite(owner: Account, email: str, role: str = "buyer") -> httpx.Response:
        return client.post("/organizations/me/invitations", json={"email": email, "role": role}, headers=owner.headers)

    return invite


@pytest.fixture
def join(client: httpx.Client, invite, mailbox: Mailbox) -> Callable[..., Account]:
    """Invites somebody new, who accepts."""

    def join(owner: Account, role: str = "buyer") -> Account:
        email = new_email()
        assert invite(owner, email, role).status_code == 201
        body = {"token": mailbox.token(email, subject=INVITED), "password": MEMBER_PASSWORD}
        answer = client.post("/auth/invitations/accept", json=body)
        assert answer.status_code == 201, answer.text
        user = answer.json()["user"]
        return Account(user["id"], user["organization_id"], user["email"], user["role"], answer.json())

    return join


@pytest.fixture
def change(client: httpx.Client) -> Callable[..., httpx.Response]:
    """Changes a member as somebody."""

    def change(by: Account, member: Account, **changes: Any) -> httpx.Response:
        return client.patch(f"/organizations/me/members/{member.user_id}", json=changes, headers=by.headers)

    return change


def new_email() -> str:
    return f"{uuid4().hex}@acme.example"


def type_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


class TestOrganization:
    def test_members_see_it_and_owners_rename_it(self, client, seller, join):
        member = join(seller)
        renamed = client.patch("/organizations/me", json={"name": "New name"}, headers=seller.headers)
        seen = client.get("/organizations/me", headers=member.headers).json()
        assert renamed.status_code == 200
        assert (seen["id"], seen["name"], seen["member_count"]) == (seller.organization_id, "New name", 2)

    def test_members_do_not_rename_it(self, client, seller, join):
        answer = client.patch("/organizations/me", json={"name": "Mine"}, headers=join(seller).headers)
        assert type_of(answer) == "owner-required"

    def test_whoever_registers_owns_the_company(self, client, seller):
        [member] = client.get("/organizations/me/members", headers=seller.headers).json()["items"]
        assert (member["id"], member["is_owner"], member["is_active"]) == (seller.user_id, True, True)


class TestMembers:
    def test_are_listed_page_by_page(self, client, seller, join):
        joined = [join(seller).user_id for _ in range(2)]
        first = client.get("/organizations/me/members?limit=2", headers=seller.headers).json()
        rest = client.get(
            "/organizations/me/members", params={"cursor": first["next_cursor"]}, headers=seller.headers
        ).json()
        assert [each["id"] for each in first["items"] + rest["items"]] == [seller.user_id, *joined]
        assert rest["next_cursor"] is None

    def test_another_role_ends_every_session_at_once(self, client, seller, join, change):
        member = join(seller)
        answer = change(seller, member, role="seller")
        assert (answer.status_code, answer.json()["role"]) == (200, "seller")
        assert client.get("/auth/me", headers=member.headers).status_code == 401
        body = {"refresh_token": member.tokens["refresh_token"]}
        assert client.post("/auth/refresh", json=body).status_code == 401
        log_in = {"email": member.email, "password": MEMBER_PASSWORD}
        tokens = client.post("/auth/login", json=log_in).json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert client.get("/auth/me", headers=headers).json()["role"] == "seller"

    def test_deactivation_ends_every_session_at_once_and_lets_nobody_in(self, client, seller, join, change):
        member = join(seller)
        assert change(seller, member, is_active=False).json()["is_active"] is False
        assert client.get("/auth/me", headers=member.headers).status_code == 401
        log_in = {"email": member.email, "password": MEMBER_PASSWORD}
        assert type_of(client.post("/auth/login", json=log_in)) == "credentials-wrong"
        assert change(seller, member, is_active=True).status_code == 200
        assert client.post("/auth/login", json=log_in).status_code == 200

    def test_the_same_again_ends_nothing(self, client, seller, join, change):
        member = join(seller)
        assert change(seller, member, role="buyer", is_active=True).status_code == 200
        assert client.get("/auth/me", headers=member.headers).status_code == 200

    @pytest.mark.parametrize("changes", [{"is_active": False}, {"is_owner": False}])
    def test_the_last_owner_stays(self, client, seller, join, change, changes):
        join(seller)
        assert type_of(change(seller, seller, **changes)) == "last-owner"
        assert client.get("/auth/me", headers=seller.headers).status_code == 200

    def test_of_two_owners_who_remove_each_other_one_stays(self, seller, join, change):
        other = join(seller)
        assert change(seller, other, is_owner=True).status_code == 200
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda pair: change(*pair, is_owner=False), [(seller, other), (other, seller)]))
        assert sorted(answer.status_code for answer in answers)[0] == 200
        assert sorted(answer.status_code for answer in answers)[1] in {403, 409}

    def test_a_former_owner_owns_nothing_from_the_next_request_on(self, seller, join, change, invite):
        other = join(seller)
        change(seller, other, is_owner=True)
        assert invite(other, new_email()).status_code == 201
        change(seller, other, is_owner=False)
        assert type_of(invite(other, new_email())) == "owner-required"

    def test_members_change_nobody(self, seller, join, change):
        member = join(seller)
        assert type_of(change(member, member, is_owner=True)) == "owner-required"
        assert type_of(change(member, seller, is_active=False)) == "owner-required"

    def test_nobody_becomes_an_operator(self, seller, join, change):
        assert change(seller, join(seller), role="admin").status_code == 422

    def test_operators_are_changed_by_nobody_here(self, seller, join, change, database):
        member = join(seller)
        database.execute("update users set role = 'admin' where id = %s", [member.user_id])
        assert type_of(change(seller, member, role="buyer")) == "operator-not-changeable"
        assert type_of(change(seller, member, is_active=False)) == "operator-not-changeable"

    @pytest.mark.parametrize("closed_by_owner_before", [False, True])
    def test_whom_the_platform_closed_no_owner_opens(self, client, admin, seller, join, change, closed_by_owner_before):
        member = join(seller)
        change(seller, member, is_active=not closed_by_owner_before)
        operators = f"/admin/users/{member.user_id}"
        client.post(f"{operators}/deactivate", json={"reason": "Fraud."}, headers=admin.headers)
        assert type_of(change(seller, member, is_active=True)) == "member-closed-by-platform"
        client.post(f"{operators}/reactivate", json={"reason": "A mistake."}, headers=admin.headers)
        change(seller, member, is_active=False)
        assert change(seller, member, is_active=True).status_code == 200

    def test_whoever_came_first_follows_the_last_owner(self, client, seller, join):
        heir, other = join(seller), join(seller)
        body = {"password": PASSWORD}
        assert client.request("DELETE", "/auth/me", json=body, headers=seller.headers).status_code == 202
        members = client.get("/organizations/me/members", headers=heir.headers).json()["items"]
        assert [(each["id"], each["is_owner"]) for each in members] == [(heir.user_id, True), (other.user_id, False)]

    def test_members_of_others_look_like_nobody(self, seller, buyer, change):
        assert type_of(change(seller, buyer, is_active=False)) == "member-not-found"

    @pytest.mark.parametrize("body", [{}, {"role": None}, {"is_active": "perhaps"}, {"email": "a@acme.example"}])
    def test_what_is_no_change_is_refused(self, client, seller, body):
        path = f"/organizations/me/members/{seller.user_id}"
        assert client.patch(path, json=body, headers=seller.headers).status_code == 422


class TestInvitations:
    def test_whoever_accepts_joins_with_the_role_and_a_verified_email(self, client, seller, join):
        member = join(seller, "seller")
        [_, found] = client.get("/organizations/me/members", headers=seller.headers).json()["items"]
        assert member.organization_id == seller.organization_id
        assert (found["role"], found["is_owner"], found["is_email_verified"]) == ("seller", False, True)
        assert client.get("/organizations/me/invitations", headers=seller.headers).json()["items"] == []

    def test_a_link_is_good_once(self, client, seller, invite, mailbox):
        email = new_email()
        invite(seller, email)
        body = {"token": mailbox.token(email, subject=INVITED), "password": MEMBER_PASSWORD}
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: client.post("/auth/invitations/accept", json=body), range(4)))
        assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400]

    @pytest.mark.parametrize("whose", ["own", "other"])
    def test_an_address_with_an_account_is_refused_wherever_it_is(self, seller, buyer, invite, whose):
        email = {"own": seller.email, "other": buyer.email}[whose]
        answer = invite(seller, email)
        assert type_of(answer) == "email-not-invitable"
        assert answer.json()["detail"] == f"This address can't be invited, because there is an account for it: {email}"

    def test_an_address_is_invited_once_at_a_time(self, seller, buyer, invite):
        email = new_email()
        assert invite(seller, email).status_code == 201
        assert type_of(invite(seller, email.upper())) == "invitation-already-open"
        assert invite(buyer, email).status_code == 201

    def test_sending_again_makes_the_earlier_link_worth_nothing(self, client, seller, invite, mailbox):
        email = new_email()
        made = invite(seller, email).json()
        first = mailbox.token(email, subject=INVITED)
        path = f"/organizations/me/invitations/{made['id']}/resend"
        assert client.post(path, headers=seller.headers).status_code == 202
        second = mailbox.token(email, subject=INVITED, count=2)
        bodies = [{"token": token, "password": MEMBER_PASSWORD} for token in (first, second)]
        assert [client.post("/auth/invitations/accept", json=body).status_code for body in bodies] == [400, 201]

    def test_a_revoked_one_leads_nowhere_and_can_be_made_anew(self, client, seller, invite, mailbox):
        email = new_email()
        made = invite(seller, email).json()
        token = mailbox.token(email, subject=INVITED)
        path = f"/organizations/me/invitations/{made['id']}"
        assert client.delete(path, headers=seller.headers).status_code == 204
        body = {"token": token, "password": MEMBER_PASSWORD}
        assert client.post("/auth/invitations/accept", json=body).status_code == 400
        assert client.delete(path, headers=seller.headers).status_code == 404
        assert invite(seller, email).status_code == 201

    def test_of_others_look_like_none(self, client, seller, buyer, invite):
        made = invite(seller, new_email()).json()
        path = f"/organizations/me/invitations/{made['id']}"
        assert client.delete(path, headers=buyer.headers).status_code == 404
        assert client.post(f"{path}/resend", headers=buyer.headers).status_code == 404
        assert client.get("/organizations/me/invitations", headers=buyer.headers).json()["items"] == []

    def test_nobody_is_invited_as_an_operator(self, seller, invite):
        assert invite(seller, new_email(), "admin").status_code == 422

    def test_whoever_registered_meanwhile_can_not_join(self, client, seller, invite, mailbox):
        email = new_email()
        invite(seller, email)
        token = mailbox.token(email, subject=INVITED)
        own = {"email": email, "password": MEMBER_PASSWORD, "company_name": "Own", "role": "buyer"}
        assert client.post("/auth/register", json=own).status_code == 201
        answer = client.post("/auth/invitations/accept", json={"token": token, "password": MEMBER_PASSWORD})
        assert type_of(answer) == "email-already-registered"
