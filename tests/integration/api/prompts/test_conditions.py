"""Tags of prompts: pages are sent once, and changes can be made on condition."""

import pytest


@pytest.fixture
def prompt(create_prompt, seller):
    return create_prompt(seller)


@pytest.fixture
def path(prompt):
    return f"/prompts/{prompt['id']}"


@pytest.fixture
def etag(client, path, seller):
    return client.get(path, headers=seller.headers).headers["ETag"]


class TestETag:
    def test_is_strong_and_stays_while_nothing_changes(self, client, path, seller, etag):
        assert etag.startswith('"')
        assert client.get(path, headers=seller.headers).headers["ETag"] == etag

    def test_spares_who_has_the_page(self, client, path, seller, etag):
        answer = client.get(path, headers={**seller.headers, "If-None-Match": etag})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)

    def test_is_another_for_who_may_not_read_the_text(self, client, path, etag):
        answer = client.get(path, headers={"If-None-Match": etag})
        assert (answer.status_code, answer.json()["template"]) == (200, None)

    def test_comes_with_the_answer_of_a_change(self, client, path, seller):
        changed = client.patch(path, json={"title": "Another"}, headers=seller.headers)
        assert client.get(path, headers=seller.headers).headers["ETag"] == changed.headers["ETag"]


class TestIfMatch:
    def test_lets_a_change_through_while_it_is_right(self, client, path, seller, etag):
        answer = client.patch(path, json={"title": "Another"}, headers={**seller.headers, "If-Match": etag})
        assert (answer.status_code, answer.json()["title"]) == (200, "Another")

    @pytest.mark.parametrize(
        ("method", "part", "body"),
        [
            ("PATCH", "", {"title": "Lost"}),
            ("DELETE", "", None),
            ("POST", "/versions", {"template": "Lost"}),
            ("POST", "/publish", None),
            ("POST", "/archive", None),
        ],
    )
    def test_stops_a_change_of_what_was_changed_since(self, client, path, seller, etag, method, part, body):
        current = client.patch(path, json={"title": "Somebody else's"}, headers=seller.headers).headers["ETag"]
        answer = client.request(method, path + part, json=body, headers={**seller.headers, "If-Match": etag})
        assert (answer.status_code, answer.json()["title"]) == (412, "Precondition failed")
        assert answer.headers["ETag"] == current
        assert client.get(path, headers=seller.headers).headers["ETag"] == current

    def test_takes_a_star_and_a_list(self, client, path, seller, etag):
        for condition in ("*", f'"other", {etag}'):
            headers = {**seller.headers, "If-Match": condition}
            assert client.post(f"{path}/publish", headers=headers).status_code == 200

    def test_does_not_take_a_weak_tag(self, client, path, seller, etag):
        headers = {**seller.headers, "If-Match": f"W/{etag}"}
        assert client.post(f"{path}/publish", headers=headers).status_code == 412

    def test_tells_nobody_of_prompts_of_others(self, client, path, register, etag):
        headers = {**register("seller").headers, "If-Match": etag}
        assert client.patch(path, json={"title": "Mine"}, headers=headers).status_code == 404


class TestCursor:
    @pytest.fixture
    def cursor(self, client, seller, create_prompt):
        for _ in range(2):
            create_prompt(seller)
        return client.get("/prompts", params={"limit": 1}, headers=seller.headers).json()["next_cursor"]

    def test_leads_on_with_another_page_size(self, client, seller, cursor):
        answer = client.get("/prompts", params={"limit": 2, "cursor": cursor}, headers=seller.headers)
        assert answer.status_code == 200

    def test_of_other_filters_is_refused(self, client, seller, cursor):
        answer = client.get("/prompts", params={"status": "draft", "cursor": cursor}, headers=seller.headers)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")

    def test_of_another_list_is_refused(self, client, seller, cursor, path):
        answer = client.get(f"{path}/versions", params={"cursor": cursor}, headers=seller.headers)
        assert answer.status_code == 422

    @pytest.mark.parametrize("change", [lambda text: text[:-1], lambda text: "A" + text[1:], lambda text: text + "A"])
    def test_that_was_changed_is_refused(self, client, seller, cursor, change):
        answer = client.get("/prompts", params={"cursor": change(cursor)}, headers=seller.headers)
        assert answer.status_code == 422
