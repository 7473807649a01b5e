"""`/api/v1/prompts` as a seller uses it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

TEMPLATE = "  ${a:1}\r\n\tkept ${{ secrets.X }} ${${int}\u2028é\n\n  "


def order(database, prompt, buyer, *, status="pending"):
    database.execute(
        "insert into orders (prompt_id, prompt_version, buyer_organization_id, buyer_user_id, seller_organization_id,"
        " amount_cents, currency, status, provider, paid_at)"
        " select id, 1, %s, %s, seller_organization_id, price_cents, currency, %s, 'stripe',"
        " case when %s in ('pending', 'failed') then null else now() end from prompts where id = %s",
        [buyer.organization_id, buyer.user_id, status, status, prompt["id"]],
    )


class TestCreate:
    def test_answers_with_the_draft(self, client, seller, prompt_body):
        answer = client.post("/prompts", json=prompt_body, headers=seller.headers)
        assert answer.status_code == 201
        prompt = answer.json()
        assert {name: prompt[name] for name in prompt_body} == prompt_body
        assert (prompt["status"], prompt["current_version"], prompt["published_at"]) == ("draft", 1, None)
        assert prompt["seller_organization_id"] == seller.organization_id

    def test_keeps_the_template_byte_for_byte(self, client, seller, create_prompt):
        prompt = create_prompt(seller, template=TEMPLATE, publish=False)
        assert client.get(f"/prompts/{prompt['id']}", headers=seller.headers).json()["template"] == TEMPLATE

    def test_needs_little(self, client, seller):
        body = {"title": "t", "template": "x", "price_cents": 0}
        prompt = client.post("/prompts", json=body, headers=seller.headers).json()
        assert (prompt["currency"], prompt["tags"], prompt["category"], prompt["description"]) == ("USD", [], None, "")

    def test_needs_a_log_in(self, client, prompt_body):
        assert client.post("/prompts", json=prompt_body).status_code == 401

    def test_is_not_for_buyers(self, client, buyer, prompt_body):
        answer = client.post("/prompts", json=prompt_body, headers=buyer.headers)
        assert answer.status_code == 403
        assert answer.json()["type"].endswith(":role-not-allowed")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", ""),
            ("title", "x" * 201),
            ("title", "a\x00b"),
            ("title", "two\nlines"),
            ("title", "\x1b[2Jescape"),
            ("title", "\u200b"),
            ("title", None),
            ("description", "a\x00b"),
            ("category", ""),
            ("tags", ["a\x00b"]),
            ("tags", ["x"] * 21),
            ("tags", "legal"),
            ("template", ""),
            ("template", " \n"),
            ("template", "a\x00b"),
            ("template", "x" * 200_001),
            ("price_cents", -1),
            ("price_cents", 100_000_000),
            ("price_cents", 10**30),
            ("price_cents", 9.5),
            ("price_cents", "1900"),
            ("price_cents", True),
            ("currency", "dollar"),
            ("currency", "ZZZ"),
            ("currency", "KWD"),
            ("model", ""),
            ("status", "published"),
            ("seller_organization_id", "0192f0c4-7a3e-7c1b-9d52-3e6f8a1b2c4d"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, client, seller, prompt_body, field, value):
        answer = client.post("/prompts", json={**prompt_body, field: value}, headers=seller.headers)
        assert answer.status_code == 422, answer.text
        assert {error["field"].split(".")[0] for error in answer.json()["errors"]} == {field}

    def test_refuses_half_a_surrogate_pair(self, client, seller):
        content = b'{"title": "\\ud800", "template": "x", "price_cents": 1}'
        headers = {**seller.headers, "Content-Type": "application/json"}
        assert client.post("/prompts", content=content, headers=headers).status_code == 422


class TestListOwn:
    def test_pages_through_all_of_the_own_prompts_once(self, client, seller, register, create_prompt):
        created = [create_prompt(seller, title=str(i), publish=False)["id"] for i in range(5)]
        create_prompt(register("seller"))
        found, cursor = [], None
        for _ in range(3):
            page = client.get(
                "/prompts", params={"limit": 2, **({"cursor": cursor} if cursor else {})}, headers=seller.headers
            ).json()
            found += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert found == created[::-1]
        assert cursor is None

    def test_shows_no_template(self, client, seller, create_prompt):
        create_prompt(seller)
        assert "template" not in client.get("/prompts", headers=seller.headers).json()["items"][0]

    def test_filters_by_status(self, client, seller, create_prompt):
        create_prompt(seller, publish=False)
        published = create_prompt(seller)
        page = client.get("/prompts", params={"status": "published"}, headers=seller.headers).json()
        assert [item["id"] for item in page["items"]] == [published["id"]]

    @pytest.mark.parametrize(
        "parameters", [{"limit": 0}, {"limit": 101}, {"limit": 10**30}, {"cursor": "x"}, {"status": "sold"}]
    )
    def test_refuses_a_wrong_parameter(self, client, seller, parameters):
        answer = client.get("/prompts", params=parameters, headers=seller.headers)
        assert answer.status_code == 422
        assert [error["location"] for error in answer.json()["errors"]] == ["query"]


class TestChange:
    def test_changes_what_is_named_and_leaves_the_rest(self, client, seller, create_prompt, prompt_body):
        prompt = create_prompt(seller)
        answer = client.patch(
            f"/prompts/{prompt['id']}", json={"price_cents": 500, "category": None}, headers=seller.headers
        )
        assert answer.status_code == 200
        changed = answer.json()
        assert (changed["price_cents"], changed["category"], changed["title"]) == (500, None, prompt_body["title"])
        assert changed["updated_at"] > prompt["updated_at"]

    @pytest.mark.parametrize("body", [{"title": None}, {"price_cents": -1}, {"template": "x"}, {"tags": None}, []])
    def test_refuses_what_a_prompt_cannot_hold(self, client, seller, create_prompt, body):
        prompt = create_prompt(seller)
        assert client.patch(f"/prompts/{prompt['id']}", json=body, headers=seller.headers).status_code == 422

    def test_changes_nothing_of_others(self, client, seller, register, create_prompt):
        prompt = create_prompt(seller)
        answer = client.patch(f"/prompts/{prompt['id']}", json={"title": "mine"}, headers=register("seller").headers)
        assert answer.status_code == 404


class TestDelete:
    def test_deletes_a_draft(self, client, seller, create_prompt):
        prompt = create_prompt(seller, publish=False)
        assert client.delete(f"/prompts/{prompt['id']}", headers=seller.headers).status_code == 204
        assert client.get(f"/prompts/{prompt['id']}", headers=seller.headers).status_code == 404

    def test_tells_to_archive_what_was_published(self, client, seller, create_prompt):
        prompt = create_prompt(seller)
        answer = client.delete(f"/prompts/{prompt['id']}", headers=seller.headers)
        assert answer.status_code == 409
        assert "archive" in answer.json()["detail"]

    def test_tells_to_archive_what_was_ordered(self, client, seller, buyer, create_prompt, database):
        prompt = create_prompt(seller, publish=False)
        order(database, prompt, buyer)
        assert client.delete(f"/prompts/{prompt['id']}", headers=seller.headers).status_code == 409

    def test_deletes_nothing_of_others(self, client, seller, register, create_prompt):
        prompt = create_prompt(seller, publish=False)
        assert client.delete(f"/prompts/{prompt['id']}", headers=register("seller").headers).status_code == 404
        assert client.get(f"/prompts/{prompt['id']}", headers=seller.headers).status_code == 200


class TestAddVersion:
    def test_becomes_current_and_leaves_the_older_one(self, client, seller, create_prompt):
        prompt = create_prompt(seller, template="one ${a}")
        body = {"template": TEMPLATE, "change_note": "better"}
        answer = client.post(f"/prompts/{prompt['id']}/versions", json=body, headers=seller.headers)
        assert answer.status_code == 201
        assert (answer.json()["version"], answer.json()["template"]) == (2, TEMPLATE)
        page = client.get(f"/prompts/{prompt['id']}/versions", headers=seller.headers).json()
        assert [(item["version"], item["template"]) for item in page["items"]] == [(2, TEMPLATE), (1, "one ${a}")]
        assert client.get(f"/prompts/{prompt['id']}", headers=seller.headers).json()["template"] == TEMPLATE

    def test_numbers_versions_that_come_at_the_same_time_one_by_one(self, client, seller, create_prompt):
        prompt = create_prompt(seller)

        def add(number):
            body = {"template": f"version {number}"}
            return client.post(f"/prompts/{prompt['id']}/versions", json=body, headers=seller.headers).json()["version"]

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(add, range(8))) == list(range(2, 10))

    def test_adds_nothing_to_prompts_of_others(self, client, seller, register, create_prompt):
        prompt = create_prompt(seller)
        answer = client.post(
            f"/prompts/{prompt['id']}/versions", json={"template": "x"}, headers=register("seller").headers
        )
        assert answer.status_code == 404


class TestPublish:
    def test_puts_the_prompt_on_the_market(self, client, seller, create_prompt):
        prompt = create_prompt(seller, publish=False)
        answer = client.post(f"/prompts/{prompt['id']}/publish", headers=seller.headers)
        assert (answer.status_code, answer.json()["status"]) == (200, "published")
        assert answer.json()["published_at"] is not None

    def test_changes_nothing_the_second_time(self, client, seller, create_prompt):
        prompt = create_prompt(seller)
        again = client.post(f"/prompts/{prompt['id']}/publish", headers=seller.headers).json()
        assert again == prompt

    def test_keeps_the_first_date_when_it_comes_back(self, client, seller, create_prompt):
        prompt = create_prompt(seller)
        client.post(f"/prompts/{prompt['id']}/archive", headers=seller.headers)
        back = client.post(f"/prompts/{prompt['id']}/publish", headers=seller.headers).json()
        assert (back["status"], back["published_at"]) == ("published", prompt["published_at"])

    @pytest.mark.parametrize(("currency", "least"), [("USD", 50), ("GBP", 30), ("JPY", 50), ("HUF", 17_500)])
    def test_a_price_no_card_can_be_charged_is_refused(self, client, seller, create_prompt, currency, least):
        prompt = create_prompt(seller, publish=False, price_cents=least - 1, currency=currency)
        answer = client.post(f"/prompts/{prompt['id']}/publish", headers=seller.headers)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "price_cents")
        assert f"the least that can be charged in {currency}, {least}" in answer.json()["detail"]

    @pytest.mark.parametrize("price_cents", [0, 50])
    def test_nothing_and_the_least_are_prices(self, seller, create_prompt, price_cents):
        assert create_prompt(seller, price_cents=price_cents)["status"] == "published"

    def test_on_the_market_no_price_falls_below_the_least(self, client, seller, create_prompt):
        prompt = create_prompt(seller)
        answer = client.patch(f"/prompts/{prompt['id']}", json={"price_cents": 49}, headers=seller.headers)
        assert answer.status_code == 422
        kept = client.get(f"/prompts/{prompt['id']}", headers=seller.headers).json()
        assert kept["price_cents"] == prompt["price_cents"]

    def test_publishes_nothing_of_others(self, client, seller, register, create_prompt):
        prompt = create_prompt(seller, publish=False)
        assert client.post(f"/prompts/{prompt['id']}/publish", headers=register("seller").headers).status_code == 404


class TestArchive:
    def test_takes_the_prompt_off_the_market(self, client, seller, create_prompt):
        prompt = create_prompt(seller)
        answer = client.post(f"/prompts/{prompt['id']}/archive", headers=seller.headers)
        assert (answer.status_code, answer.json()["status"]) == (200, "archived")
        assert client.get(f"/prompts/{prompt['id']}").status_code == 404
        assert client.get(f"/prompts/{prompt['id']}", headers=seller.headers).status_code == 200


class TestValidate:
    def test_reports_on_the_current_version(self, client, seller, create_prompt):
        prompt = create_prompt(seller, template="${a:x} ${b}\n${first name}")
        answer = client.post(f"/prompts/{prompt['id']}/validate", headers=seller.headers)
        assert answer.status_code == 200
        report = answer.json()
        assert report["is_valid"] is True
        assert [(each["name"], each["default"], each["is_required"]) for each in report["variables"]] == [
            ("a", "x", False),
            ("b", None, True),
        ]
        assert [(each["kind"], each["line"]) for each in report["problems"]] == [("placeholder_is_text", 2)]

    def test_saves_nothing(self, client, seller, create_prompt):
        prompt = create_prompt(seller, template="one")
        report = client.post(f"/prompts/{prompt['id']}/validate", json={"template": " "}, headers=seller.headers).json()
        assert report["is_valid"] is False
        assert client.get(f"/prompts/{prompt['id']}", headers=seller.headers).json()["template"] == "one"

    def test_tells_nothing_of_others(self, client, seller, register, create_prompt):
        prompt = create_prompt(seller)
        assert client.post(f"/prompts/{prompt['id']}/validate", headers=register("seller").headers).status_code == 404
