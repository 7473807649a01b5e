"""Decisions: what they do, what they leave alone, and what the organization learns of them."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from tests.integration.api.conftest import PASSWORD, Account
from tests.integration.api.mailbox import Mailbox
from tests.waiting import wait_until

Decide = Callable[..., httpx.Response]
WHY = {"reason": "misleading_listing", "ground": "terms", "rule": "Terms, 4.2", "facts": "It does not do what it says."}


@pytest.fixture
def decide(client: httpx.Client, admin: Account) -> Decide:
    """Decides as an operator: `decide("prompt_takedown", prompt_id=…)`."""

    def decide(kind: str, **about: Any) -> httpx.Response:
        return client.post("/admin/decisions", json={"kind": kind, **WHY, **about}, headers=admin.headers)

    return decide


@pytest.fixture
def other_admin(
    client: httpx.Client, register: Callable[[str], Account], database: psycopg.Connection[DictRow]
) -> Account:
    """A second operator."""
    account = register("buyer")
    database.execute("update users set role = 'admin' where id = %s", [account.user_id])
    tokens = client.post("/auth/login", json={"email": account.email, "password": PASSWORD}).json()
    return Account(account.user_id, account.organization_id, account.email, "admin", tokens)


@pytest.fixture
def prompt(create_prompt: Callable[..., dict[str, Any]], seller: Account) -> dict[str, Any]:
    """A published prompt for 19.00 USD."""
    return create_prompt(seller)


def resolve(client: httpx.Client, admin: Account, appeal: dict[str, Any], outcome: str) -> httpx.Response:
    """Resolves an appeal as an operator."""
    body = {"outcome": outcome, "reason": "Looked at again."}
    return client.post(f"/admin/appeals/{appeal['id']}/resolve", json=body, headers=admin.headers)


def object_to(client: httpx.Client, seller: Account, decision: dict[str, Any]) -> httpx.Response:
    """Appeals a decision."""
    return client.post(f"/decisions/{decision['id']}/appeal", json={"text": "It does."}, headers=seller.headers)


class TestPromptTakedown:
    def test_takes_the_prompt_off_the_market(self, decide: Decide, client: httpx.Client, prompt: dict[str, Any]):
        assert decide("prompt_takedown", prompt_id=prompt["id"]).status_code == 201
        assert client.get(f"/prompts/{prompt['id']}").status_code == 404

    def test_its_seller_cannot_put_it_back(
        self, decide: Decide, client: httpx.Client, seller: Account, prompt: dict[str, Any]
    ):
        decision = decide("prompt_takedown", prompt_id=prompt["id"]).json()
        answer = client.post(f"/prompts/{prompt['id']}/publish", headers=seller.headers)
        assert (answer.status_code, answer.json()["decision_id"]) == (409, decision["id"])

    def test_the_database_keeps_it_down_whoever_asks(
        self, decide: Decide, database: psycopg.Connection[DictRow], prompt: dict[str, Any]
    ):
        decide("prompt_takedown", prompt_id=prompt["id"])
        with pytest.raises(psycopg.errors.RestrictViolation):
            database.execute("update prompts set status = 'published' where id = %s", [prompt["id"]])

    def test_lifting_puts_it_back(self, decide: Decide, client: httpx.Client, admin: Account, prompt: dict[str, Any]):
        decision = decide("prompt_takedown", prompt_id=prompt["id"]).json()
        lifted = client.post(
            f"/admin/decisions/{decision['id']}/lift", json={"reason": "Corrected."}, headers=admin.headers
        )
        assert (lifted.status_code, lifted.json()["status"], lifted.json()["end_reason"]) == (
            200, "lifted", "Corrected.",
        )  # fmt: skip
        assert client.get(f"/prompts/{prompt['id']}").json()["status"] == "published"

    def test_lifting_does_not_publish_what_was_a_draft(
        self, decide: Decide, client: httpx.Client, admin: Account, seller: Account,
        create_prompt: Callable[..., dict[str, Any]],
    ):  # fmt: skip
        draft = create_prompt(seller, publish=False)
        decision = decide("prompt_takedown", prompt_id=draft["id"]).json()
        client.post(f"/admin/decisions/{decision['id']}/lift", json={"reason": "Fine."}, headers=admin.headers)
        assert client.get(f"/prompts/{draft['id']}", headers=seller.headers).json()["status"] == "draft"

    def test_the_same_is_decided_once(self, decide: Decide, prompt: dict[str, Any]):
        decide("prompt_takedown", prompt_id=prompt["id"])
        assert decide("prompt_takedown", prompt_id=prompt["id"]).status_code == 409


class TestReviewHiding:
    def test_hides_the_review_until_it_is_lifted(
        self, decide: Decide, client: httpx.Client, admin: Account, buyer: Account, seller: Account,
        create_prompt: Callable[..., dict[str, Any]],
    ):  # fmt: skip
        free = create_prompt(seller, price_cents=0)
        client.post("/marketplace/purchase", json={"prompt_id": free["id"]}, headers=buyer.headers)
        path = f"/marketplace/prompts/{free['id']}/reviews"
        review = client.post(path, json={"rating": 1, "text": "Spam"}, headers=buyer.headers).json()
        decision = decide("review_hiding", review_id=review["id"]).json()
        assert decision["organization_id"] == buyer.organization_id
        assert client.get(path).json()["items"] == []
        client.post(f"/admin/decisions/{decision['id']}/lift", json={"reason": "Fine."}, headers=admin.headers)
        assert [shown["id"] for shown in client.get(path).json()["items"]] == [review["id"]]


class TestHolds:
    def test_a_ranking_hold_touches_no_money(
        self, decide: Decide, client: httpx.Client, buyer: Account, seller: Account, prompt: dict[str, Any]
    ):
        decide("ranking_hold", organization_id=seller.organization_id)
        order = client.post("/marketplace/purchase", json={"prompt_id": prompt["id"]}, headers=buyer.headers)
        assert (order.status_code, order.json()["status"]) == (201, "paid")
        assert len(client.get("/marketplace/library", headers=buyer.headers).json()["items"]) == 1
        refund = client.post(f"/marketplace/orders/{order.json()['id']}/refund", headers=seller.headers)
        assert (refund.status_code, refund.json()["status"]) == (201, "succeeded")

    def test_a_money_hold_keeps_neither_sales_nor_refunds(
        self, decide: Decide, client: httpx.Client, buyer: Account, seller: Account, prompt: dict[str, Any]
    ):
        decide("money_hold", organization_id=seller.organization_id)
        order = client.post("/marketplace/purchase", json={"prompt_id": prompt["id"]}, headers=buyer.headers).json()
        assert client.post(f"/marketplace/orders/{order['id']}/refund", headers=buyer.headers).status_code == 201

    def test_a_hold_of_each_kind_can_stand_beside_the_other(self, decide: Decide, seller: Account):
        held = [decide(kind, organization_id=seller.organization_id) for kind in ("ranking_hold", "money_hold")]
        assert [answer.status_code for answer in held] == [201, 201]

    def test_a_hold_that_is_over_gives_way_to_the_next(
        self, decide: Decide, seller: Account, database: psycopg.Connection[DictRow]
    ):
        first = decide("money_hold", organization_id=seller.organization_id, ends_at="2026-01-01T00:00:00Z").json()
        second = decide("money_hold", organization_id=seller.organization_id)
        assert second.status_code == 201
        row = database.execute("select status from decisions where id = %s", [first["id"]]).fetchone()
        assert row == {"status": "lifted"}

    @pytest.mark.parametrize(
        "about",
        [
            {"kind": "money_hold", "prompt_id": "00000000-0000-0000-0000-000000000001"},
            {"kind": "prompt_takedown", "organization_id": "00000000-0000-0000-0000-000000000001"},
            {"kind": "ranking_hold"},
            {"kind": "money_hold", "organization_id": "00000000-0000-0000-0000-000000000001"},
        ],
    )
    def test_it_has_to_be_about_the_right_thing(self, decide: Decide, about: dict[str, str]):
        assert decide(**about).status_code == 422


class TestStatementOfReasons:
    def test_the_organization_reads_what_why_and_how_to_object(
        self, decide: Decide, client: httpx.Client, seller: Account, prompt: dict[str, Any]
    ):
        decision = decide("prompt_takedown", prompt_id=prompt["id"]).json()
        [statement] = client.get("/decisions", headers=seller.headers).json()["items"]
        assert {name: statement[name] for name in WHY} == WHY
        assert (statement["is_automated"], statement["detected_by"], statement["scope"]) == (
            False, "own_initiative", "everywhere",
        )  # fmt: skip
        assert statement["redress"]["is_appealable"] is True
        assert statement["redress"]["appeal_url"] == f"/api/v1/decisions/{decision['id']}/appeal"
        assert "decided_by_user_id" not in statement

    def test_nobody_else_does(self, decide: Decide, client: httpx.Client, buyer: Account, prompt: dict[str, Any]):
        decision = decide("prompt_takedown", prompt_id=prompt["id"]).json()
        assert client.get("/decisions", headers=buyer.headers).json()["items"] == []
        assert client.get(f"/decisions/{decision['id']}", headers=buyer.headers).status_code == 404


class TestAppeal:
    def test_reversal_undoes_the_decision(
        self, decide: Decide, client: httpx.Client, seller: Account, other_admin: Account, prompt: dict[str, Any]
    ):
        decision = decide("prompt_takedown", prompt_id=prompt["id"]).json()
        appeal = object_to(client, seller, decision).json()
        assert resolve(client, other_admin, appeal, "reversed").json()["status"] == "reversed"
        statement = client.get(f"/decisions/{decision['id']}", headers=seller.headers).json()
        assert (statement["status"], statement["appeal"]["resolution"]) == ("reversed", "Looked at again.")
        assert client.get(f"/prompts/{prompt['id']}").status_code == 200

    def test_upheld_it_stands(
        self, decide: Decide, client: httpx.Client, seller: Account, other_admin: Account, prompt: dict[str, Any]
    ):
        decision = decide("prompt_takedown", prompt_id=prompt["id"]).json()
        resolve(client, other_admin, object_to(client, seller, decision).json(), "upheld")
        assert client.get(f"/decisions/{decision['id']}", headers=seller.headers).json()["status"] == "in_force"
        assert client.get(f"/prompts/{prompt['id']}").status_code == 404

    def test_who_decided_does_not_resolve_it(
        self, decide: Decide, client: httpx.Client, seller: Account, admin: Account, prompt: dict[str, Any]
    ):
        appeal = object_to(client, seller, decide("prompt_takedown", prompt_id=prompt["id"]).json()).json()
        assert resolve(client, admin, appeal, "upheld").status_code == 403

    def test_it_is_possible_once(
        self, decide: Decide, client: httpx.Client, seller: Account, other_admin: Account, prompt: dict[str, Any]
    ):
        decision = decide("prompt_takedown", prompt_id=prompt["id"]).json()
        appeal = object_to(client, seller, decision).json()
        assert object_to(client, seller, decision).status_code == 409
        resolve(client, other_admin, appeal, "upheld")
        assert resolve(client, other_admin, appeal, "reversed").status_code == 409

    def test_an_ended_decision_cannot_be_appealed(
        self, decide: Decide, client: httpx.Client, seller: Account, admin: Account, prompt: dict[str, Any]
    ):
        decision = decide("prompt_takedown", prompt_id=prompt["id"]).json()
        client.post(f"/admin/decisions/{decision['id']}/lift", json={"reason": "Fine."}, headers=admin.headers)
        assert object_to(client, seller, decision).status_code == 409

    def test_others_cannot(self, decide: Decide, client: httpx.Client, buyer: Account, prompt: dict[str, Any]):
        decision = decide("prompt_takedown", prompt_id=prompt["id"]).json()
        assert object_to(client, buyer, decision).status_code == 404


class TestRulesInTheDatabase:
    @pytest.mark.parametrize(
        "statement",
        [
            "update decisions set facts = 'other' where id = %(decision)s",
            "update decisions set status = 'reversed', ended_at = now(), end_reason = 'x' where id = %(decision)s",
            "delete from decisions where id = %(decision)s",
            "update appeals set status = 'upheld', resolved_at = now(), resolution = 'x', resolved_by_user_id ="
            " (select decided_by_user_id from decisions where id = %(decision)s) where decision_id = %(decision)s",
            "update appeals set status = 'upheld', resolved_at = now(), resolution = 'x'"
            " where decision_id = %(decision)s",
            "delete from appeals where decision_id = %(decision)s",
        ],
    )
    def test_nobody_goes_around_them(
        self,
        decide: Decide,
        client: httpx.Client,
        seller: Account,
        prompt: dict[str, Any],
        database: psycopg.Connection[DictRow],
        statement: str,
    ):
        decision = decide("prompt_takedown", prompt_id=prompt["id"]).json()
        object_to(client, seller, decision)
        with pytest.raises(psycopg.errors.RestrictViolation):
            database.execute(statement.encode(), {"decision": decision["id"]})


class TestMail:
    def test_the_people_of_the_organization_are_told_why_and_how_to_object(
        self, decide: Decide, seller: Account, prompt: dict[str, Any], mailbox: Mailbox
    ):
        decision = decide("prompt_takedown", prompt_id=prompt["id"]).json()
        (text,) = mailbox.read(seller.email, subject="A decision about your organization")
        assert WHY["facts"] in text
        assert f"/api/v1/decisions/{decision['id']}/appeal" in text

    def test_they_are_told_what_became_of_their_appeal(
        self,
        decide: Decide,
        client: httpx.Client,
        seller: Account,
        other_admin: Account,
        prompt: dict[str, Any],
        mailbox: Mailbox,
    ):
        decision = decide("prompt_takedown", prompt_id=prompt["id"]).json()
        resolve(client, other_admin, object_to(client, seller, decision).json(), "reversed")
        assert "Looked at again." in mailbox.read(seller.email, subject="Your appeal succeeded")[0]

    def test_owners_are_told_and_where_there_is_none_everybody(
        self,
        decide: Decide,
        seller: Account,
        prompt: dict[str, Any],
        register: Callable[[str], Account],
        database: psycopg.Connection[DictRow],
        mailbox: Mailbox,
    ):
        colleague = register("seller")
        database.execute(
            "update users set organization_id = %s, is_owner = false where id = %s",
            [seller.organization_id, colleague.user_id],
        )
        subject, owed = "A decision about your organization", "select 1 from outbox where kind = 'mail.decision'"
        decide("prompt_takedown", prompt_id=prompt["id"])
        wait_until(lambda: database.execute(owed).fetchone() is None, "all mails were sent")
        assert (len(mailbox.look(seller.email, subject=subject)), mailbox.look(colleague.email, subject=subject)) == (
            1,
            [],
        )
        database.execute("update users set is_owner = false where id = %s", [seller.user_id])
        decide("ranking_hold", organization_id=seller.organization_id)
        assert mailbox.read(seller.email, subject=subject, count=2)
        assert mailbox.read(colleague.email, subject=subject)
