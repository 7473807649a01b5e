"""`/api/v1/prompts` as buyers and visitors use it."""

from uuid import uuid4

import pytest

ROUTES = [("GET", ""), ("GET", "/versions"), ("POST", "/render")]


@pytest.fixture
def entitle(database):
    """Gives a buyer the right to a prompt, or takes it away again."""

    def entitle(prompt, buyer, *, revoked=False):
        database.execute(
            "with bought as (insert into orders (prompt_id, prompt_version, buyer_organization_id, buyer_user_id,"
            " seller_organization_id, amount_cents, currency, status, provider, paid_at)"
            " values (%(prompt)s, 1, %(buyer)s, %(user)s, %(seller)s, 1900, 'USD', 'paid', 'import', now())"
            " returning id)"
            " insert into entitlements (organization_id, prompt_id, order_id, granted_at, revoked_at)"
            " select %(buyer)s, %(prompt)s, id, now(), case when %(revoked)s then now() end from bought",
            {
                "prompt": prompt["id"],
                "buyer": buyer.organization_id,
                "user": buyer.user_id,
                "seller": prompt["seller_organization_id"],
                "revoked": revoked,
            },
        )

    return entitle


class TestView:
    def test_shows_a_published_prompt_to_anybody_without_its_text(self, client, seller, create_prompt):
        prompt = create_prompt(seller, template="the secret sauce ${x}")
        answer = client.get(f"/prompts/{prompt['id']}")
        assert answer.status_code == 200
        page = answer.json()
        assert (page["title"], page["is_accessible"], page["template"], page["variables"]) == (
            prompt["title"],
            False,
            None,
            None,
        )
        assert "secret sauce" not in answer.text

    def test_ignores_a_bad_token(self, client, seller, create_prompt):
        prompt = create_prompt(seller)
        headers = {"Authorization": "Bearer nonsense"}
        assert client.get(f"/prompts/{prompt['id']}", headers=headers).json()["template"] is None

    def test_hides_the_text_from_a_buyer_who_did_not_buy(self, client, seller, buyer, create_prompt):
        prompt = create_prompt(seller)
        assert client.get(f"/prompts/{prompt['id']}", headers=buyer.headers).json()["template"] is None

    def test_shows_the_text_to_a_buyer_who_did(self, client, seller, buyer, create_prompt, entitle):
        prompt = create_prompt(seller)
        entitle(prompt, buyer)
        page = client.get(f"/prompts/{prompt['id']}", headers=buyer.headers).json()
        assert (page["template"], page["is_accessible"]) == (prompt["template"], True)

    def test_hides_the_text_again_when_the_right_was_revoked(self, client, seller, buyer, create_prompt, entitle):
        prompt = create_prompt(seller)
        entitle(prompt, buyer, revoked=True)
        assert client.get(f"/prompts/{prompt['id']}", headers=buyer.headers).json()["template"] is None

    def test_keeps_an_archived_prompt_for_its_buyers(self, client, seller, buyer, create_prompt, entitle):
        prompt = create_prompt(seller)
        entitle(prompt, buyer)
        client.post(f"/prompts/{prompt['id']}/archive", headers=seller.headers)
        assert client.get(f"/prompts/{prompt['id']}", headers=buyer.headers).json()["template"] == prompt["template"]

    @pytest.mark.parametrize(("method", "path"), ROUTES)
    def test_hides_a_draft_of_others(self, client, seller, register, create_prompt, method, path):
        prompt = create_prompt(seller, publish=False)
        answer = client.request(method, f"/prompts/{prompt['id']}{path}", headers=register("seller").headers)
        assert answer.status_code == 404
        assert answer.json()["detail"].endswith(prompt["id"])

    def test_knows_no_draft_from_no_prompt(self, client, seller, create_prompt):
        draft = create_prompt(seller, publish=False)["id"]
        nothing = str(uuid4())
        hidden, missing = client.get(f"/prompts/{draft}").json(), client.get(f"/prompts/{nothing}").json()
        assert hidden["detail"].replace(draft, nothing) == missing["detail"]
        assert (hidden["status"], hidden["type"]) == (missing["status"], missing["type"])

    @pytest.mark.parametrize("prompt_id", ["7", "x" * 3000, "%00", "%ED%A0%80", "../auth/me", "null"])
    def test_refuses_what_is_no_id(self, client, prompt_id):
        answer = client.get(f"/prompts/{prompt_id}")
        assert answer.status_code in {401, 404, 422}
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_counts_a_view_by_a_buyer(self, client, seller, buyer, create_prompt, stored_events):
        prompt = create_prompt(seller)
        answer = client.get(f"/prompts/{prompt['id']}", headers=buyer.headers)
        (viewed,) = stored_events("prompt.viewed", prompt_id=prompt["id"])
        assert (str(viewed["user_id"]), str(viewed["organization_id"])) == (buyer.user_id, buyer.organization_id)
        assert (viewed["source"], viewed["request_id"]) == ("api", answer.headers["X-Request-ID"])

    def test_counts_a_view_by_a_visitor_with_the_ids_it_sent(self, client, seller, create_prompt, stored_events):
        prompt = create_prompt(seller)
        client.get(f"/prompts/{prompt['id']}", headers={"X-Session-ID": "s-1", "X-Anonymous-ID": "a-1"})
        (viewed,) = stored_events("prompt.viewed", prompt_id=prompt["id"])
        assert (viewed["user_id"], viewed["session_id"], viewed["anonymous_id"]) == (None, "s-1", "a-1")

    def test_does_not_count_the_seller(self, client, seller, create_prompt, stored_events):
        prompt = create_prompt(seller)
        client.get(f"/prompts/{prompt['id']}", headers=seller.headers)
        assert stored_events("prompt.viewed", prompt_id=prompt["id"]) == []


class TestListVersions:
    def test_shows_no_text_to_those_who_did_not_buy(self, client, seller, buyer, create_prompt):
        prompt = create_prompt(seller)
        page = client.get(f"/prompts/{prompt['id']}/versions", headers=buyer.headers).json()
        assert [(item["version"], item["template"], item["variables"]) for item in page["items"]] == [(1, None, None)]

    def test_shows_the_texts_to_those_who_did(self, client, seller, buyer, create_prompt, entitle):
        prompt = create_prompt(seller, template="one ${a}")
        entitle(prompt, buyer)
        page = client.get(f"/prompts/{prompt['id']}/versions", headers=buyer.headers).json()
        assert [(item["template"], item["variables"]) for item in page["items"]] == [("one ${a}", ["a"])]

    def test_pages(self, client, seller, create_prompt):
        prompt = create_prompt(seller)
        client.post(f"/prompts/{prompt['id']}/versions", json={"template": "two"}, headers=seller.headers)
        path = f"/prompts/{prompt['id']}/versions"
        first = client.get(path, params={"limit": 1}, headers=seller.headers).json()
        second = client.get(path, params={"limit": 1, "cursor": first["next_cursor"]}, headers=seller.headers).json()
        assert [item["version"] for item in first["items"] + second["items"]] == [2, 1]
        assert second["next_cursor"] is None

    def test_needs_a_log_in(self, client, seller, create_prompt):
        assert client.get(f"/prompts/{create_prompt(seller)['id']}/versions").status_code == 401


class TestRender:
    def test_puts_values_in_for_a_buyer(self, client, seller, buyer, create_prompt, entitle, stored_events):
        prompt = create_prompt(seller, template="Hello ${name}, ${greeting:good day} ${{ x }}")
        entitle(prompt, buyer)
        body = {"variables": {"name": "${greeting}", "unused": "x"}}
        answer = client.post(f"/prompts/{prompt['id']}/render", json=body, headers=buyer.headers)
        assert answer.status_code == 200
        assert (answer.json()["text"], answer.json()["version"]) == ("Hello ${greeting}, good day ${{ x }}", 1)
        (rendered,) = stored_events("prompt.rendered", prompt_id=prompt["id"])
        assert (rendered["properties"], str(rendered["user_id"])) == ({"version": 1}, buyer.user_id)

    def test_renders_an_older_version(self, client, seller, create_prompt):
        prompt = create_prompt(seller, template="one")
        client.post(f"/prompts/{prompt['id']}/versions", json={"template": "two"}, headers=seller.headers)
        path = f"/prompts/{prompt['id']}/render"
        assert client.post(path, headers=seller.headers).json()["text"] == "two"
        assert client.post(path, json={"version": 1}, headers=seller.headers).json()["text"] == "one"
        assert client.post(path, json={"version": 3}, headers=seller.headers).status_code == 404
        assert client.post(path, json={"version": 2**31}, headers=seller.headers).status_code == 422

    def test_names_the_variables_that_are_missing(self, client, seller, create_prompt, stored_events):
        prompt = create_prompt(seller, template="${a} ${b} ${c:1}")
        answer = client.post(f"/prompts/{prompt['id']}/render", json={"variables": {"b": "1"}}, headers=seller.headers)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == ["variables.a"]
        assert stored_events("prompt.rendered", prompt_id=prompt["id"]) == []

    def test_refuses_to_build_a_huge_text(self, client, seller, create_prompt):
        prompt = create_prompt(seller, template="${a}" * 1000)
        body = {"variables": {"a": "x" * 10_000}}
        answer = client.post(f"/prompts/{prompt['id']}/render", json=body, headers=seller.headers)
        assert answer.json()["type"].endswith(":rendered-text-too-long")

    @pytest.mark.parametrize("variables", [{"a": "\x00"}, {"a": 1}, {"a": None}, ["a"], {"a": "x" * 100_001}])
    def test_refuses_values_that_are_no_text(self, client, seller, create_prompt, variables):
        prompt = create_prompt(seller, template="${a:1}")
        answer = client.post(f"/prompts/{prompt['id']}/render", json={"variables": variables}, headers=seller.headers)
        assert answer.status_code == 422

    def test_is_not_for_those_who_did_not_buy(self, client, seller, buyer, create_prompt):
        prompt = create_prompt(seller)
        answer = client.post(f"/prompts/{prompt['id']}/render", headers=buyer.headers)
        assert answer.status_code == 403
        assert answer.json()["type"].endswith(":prompt-not-purchased")

    def test_needs_a_log_in(self, client, seller, create_prompt):
        assert client.post(f"/prompts/{create_prompt(seller)['id']}/render").status_code == 401
