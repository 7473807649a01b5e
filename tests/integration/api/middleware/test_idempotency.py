"""A write that comes again under its key happens once and is answered the same."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.dependencies import PlatformWriteSession
from api.errors import ServiceUnavailable
from api.main import create_app
from api.routing import feature_router

SAME_TIME = 200
CONNECTIONS = 20
router = feature_router("test")


@router.post("/failing")
async def fail_late(session: PlatformWriteSession) -> None:
    await session.execute(text("insert into organizations (name) values ('never')"))
    raise ServiceUnavailable("Not now")


@router.post("/interrupted")
async def change_outside_a_unit_of_work() -> dict[str, str]:
    return {"made": uuid4().hex}


@pytest.fixture(scope="module")
def service(api_settings) -> FastAPI:
    app = create_app(api_settings)
    app.include_router(router)
    return app


@pytest.fixture
def key():
    return uuid4().hex


@pytest.fixture
def post(client, seller, key):
    """Sends a write of the seller under the test's key."""

    def post(path, json=None, **headers):
        return client.post(path, json=json, headers={**seller.headers, "Idempotency-Key": key, **headers})

    return post


@pytest.fixture
def prompt_count(database, seller):
    def prompt_count():
        row = database.execute(
            "select count(*) as n from prompts where seller_organization_id = %s", [seller.organization_id]
        ).fetchone()
        return row["n"]

    return prompt_count


@pytest.fixture
def abandoned(database, post, key):
    """Makes the key look like that of a request whose process died."""

    def abandoned():
        return database.execute(
            "update idempotency_keys set answer_status = null, answer_body = null,"
            " claimed_until = now() - interval '1 second' where key = %s",
            [key],
        ).rowcount

    return abandoned


async def send_at_once(url, headers, body):
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:
        return await asyncio.gather(*(client.post(url, json=body, headers=headers) for _ in range(SAME_TIME)))


class TestSameKey:
    def test_two_hundred_at_once_have_one_effect_and_one_body(self, api_url, seller, key, prompt_body, prompt_count):
        headers = {**seller.headers, "Idempotency-Key": key}
        answers = asyncio.run(send_at_once(f"{api_url}/api/v1/prompts", headers, prompt_body))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
        assert prompt_count() == 1

    def test_replays_status_headers_and_body(self, post, prompt_body):
        first, second = post("/prompts", prompt_body), post("/prompts", prompt_body)
        assert (second.status_code, second.content) == (first.status_code, first.content)
        assert second.headers["Content-Type"] == first.headers["Content-Type"]
        assert second.headers["X-Request-ID"] != first.headers["X-Request-ID"]
        assert (first.headers.get("Idempotency-Replayed"), second.headers["Idempotency-Replayed"]) == (None, "true")

    def test_replays_an_answer_without_body(self, client, seller, create_prompt, key):
        prompt = create_prompt(seller, publish=False)
        headers = {**seller.headers, "Idempotency-Key": key}
        answers = [client.delete(f"/prompts/{prompt['id']}", headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [204, 204]

    def test_registers_once_with_the_same_tokens(self, client, key, database):
        body = {"email": f"{key}@acme.example", "password": "a long enough password", "company_name": "Acme"}
        sent = {"json": {**body, "role": "buyer"}, "headers": {"Idempotency-Key": key}}
        first, second = client.post("/auth/register", **sent), client.post("/auth/register", **sent)
        assert (first.status_code, second.content) == (201, first.content)

    def test_keeps_no_secret_in_the_database(self, client, key, database):
        body = {"email": f"{key}@acme.example", "password": "a long enough password", "company_name": "Acme"}
        client.post("/auth/register", json={**body, "role": "buyer"}, headers={"Idempotency-Key": key})
        row = database.execute("select * from idempotency_keys where key = %s", [key]).fetchone()
        assert (row["answer_status"], row["answer_body"]) == (201, None)


class TestOtherRequest:
    def test_another_body_is_refused(self, post, prompt_body, prompt_count):
        post("/prompts", prompt_body)
        answer = post("/prompts", {**prompt_body, "title": "Another"})
        assert (answer.status_code, answer.json()["title"]) == (409, "Idempotency key reused")
        assert prompt_count() == 1

    def test_another_route_is_refused(self, post, prompt_body):
        prompt = post("/prompts", prompt_body).json()
        assert post(f"/prompts/{prompt['id']}/publish").status_code == 409

    def test_another_user_has_keys_of_its_own(self, post, register, prompt_body):
        other = register("seller")
        first, second = post("/prompts", prompt_body), post("/prompts", prompt_body, **other.headers)
        assert (second.status_code, "Idempotency-Replayed" in second.headers) == (201, False)
        assert second.json()["id"] != first.json()["id"]

    @pytest.mark.parametrize("malformed", ["", "x" * 256, "tab\there", "é".encode()])
    def test_a_malformed_key_is_refused(self, client, seller, prompt_body, malformed):
        headers = {**seller.headers, "Idempotency-Key": malformed}
        answer = client.post("/prompts", json=prompt_body, headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (400, "Idempotency key malformed")


class TestRefusal:
    def test_is_not_kept_so_that_it_can_be_corrected(self, post, prompt_body):
        assert post("/prompts", {**prompt_body, "price_cents": -1}).status_code == 422
        assert post("/prompts", prompt_body).status_code == 201

    def test_of_ours_leaves_neither_effect_nor_answer(self, post, database, key):
        assert [post("/test/failing").status_code for _ in range(2)] == [503, 503]
        assert database.execute("select 1 from organizations where name = 'never'").fetchone() is None
        assert database.execute("select 1 from idempotency_keys where key = %s", [key]).fetchone() is None


class TestInterrupted:
    def test_is_done_again_where_effect_and_answer_are_one_transaction(self, post, abandoned, prompt_body):
        first = post("/prompts", prompt_body)
        assert abandoned() == 1
        second = post("/prompts", prompt_body)
        assert second.status_code == 201
        assert UUID(second.json()["id"]) != UUID(first.json()["id"])

    def test_is_not_done_again_where_they_are_not(self, post, abandoned):
        assert post("/test/interrupted").status_code == 200
        assert abandoned() == 1
        answer = post("/test/interrupted")
        assert (answer.status_code, answer.json()["title"]) == (409, "Idempotent outcome unknown")

    def test_one_that_lost_its_claim_is_undone(self, post, database, key, prompt_body, prompt_count):
        database.execute(
            "create function steal() returns trigger language plpgsql security definer as $$ begin"
            " update idempotency_keys set claim_id = gen_random_uuid() where answer_status is null; return new; end $$;"
            " create trigger steal after insert on prompts for each row execute function steal()"
        )
        answer = post("/prompts", prompt_body)
        database.execute("drop function steal() cascade")
        assert (answer.status_code, answer.json()["title"]) == (503, "Idempotent claim lost")
        assert prompt_count() == 0
