"""What every answer says to browsers, and how long and large a request may be."""

import asyncio
import gzip
import socket
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.dependencies import PlatformWriteSession
from api.main import create_app
from api.routing import feature_router
from api.time_limit import get_on

SHOP = "https://shop.example"
router = feature_router("test")


@router.post("/slow")
async def answer_too_late(session: PlatformWriteSession) -> None:
    await session.execute(text("insert into organizations (name) values ('too late')"))
    await asyncio.sleep(60)


@router.get("/steady")
async def get_on_for_longer_than_a_request_may_take() -> None:
    for _ in range(15):
        await asyncio.sleep(0.1)
        get_on()


@pytest.fixture(scope="module")
def api_settings(api_settings):
    return api_settings.model_copy(
        update={"cors_origins": (SHOP,), "request_timeout_seconds": 1.0, "body_timeout_seconds": 0.3}
    )


@pytest.fixture(scope="module")
def service(api_settings) -> FastAPI:
    app = create_app(api_settings)
    app.include_router(router)
    return app


class TestSecurityHeaders:
    @pytest.mark.parametrize("path", ["/api/v1/marketplace/browse", "/nowhere", "/health/live", "/api/v1/auth/me"])
    def test_are_on_every_answer(self, site, path):
        headers = site.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Strict-Transport-Security" not in headers

    def test_let_the_documentation_run_its_own_scripts_only(self, site):
        policy = site.get("/docs").headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'; script-src 'self'")

    def test_keep_personal_answers_out_of_caches(self, client, seller):
        assert client.get("/prompts", headers=seller.headers).headers["Cache-Control"] == "no-store"
        assert client.post("/auth/login", json={}).headers["Cache-Control"] == "no-store"
        assert "Cache-Control" not in client.get("/marketplace/browse").headers


class TestCors:
    def test_lets_pages_of_configured_origins_in(self, client):
        answer = client.get("/marketplace/browse", headers={"Origin": SHOP})
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert {"ETag", "Retry-After", "X-Request-ID"} <= set(
            answer.headers["Access-Control-Expose-Headers"].split(", ")
        )

    def test_answers_their_browsers_first_question(self, client):
        asked = {
            "Origin": SHOP,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization,idempotency-key",
        }
        answer = client.options("/prompts/x", headers=asked)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, SHOP)

    @pytest.mark.parametrize("headers", [{}, {"Origin": SHOP}, {"Origin": "https://evil.example"}])
    def test_no_cache_mixes_them_up(self, client, headers):
        assert "Origin" in client.get("/marketplace/browse", headers=headers).headers["Vary"]

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", SHOP + ".evil.example", "*"])
    def test_lets_no_other_in(self, client, origin):
        answer = client.get("/marketplace/browse", headers={"Origin": origin})
        assert (answer.status_code, "Access-Control-Allow-Origin" in answer.headers) == (200, False)


class TestTimeout:
    def test_ends_a_handler_and_undoes_what_it_did(self, client, database):
        answer = client.post("/test/slow", headers={"Idempotency-Key": "slow-1"})
        assert (answer.status_code, answer.json()["title"]) == (504, "Request timed out")
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
        assert database.execute("select 1 from organizations where name = 'too late'").fetchone() is None
        assert database.execute("select 1 from idempotency_keys where key = 'slow-1'").fetchone() is None

    def test_leaves_one_that_gets_on(self, client):
        assert client.get("/test/steady").status_code == 200

    def test_does_not_wait_for_a_slow_body(self, api_url):
        parts = urlsplit(api_url)
        head = (
            b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n"
        )
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
            connection.sendall(head + b'{"em')
            answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"application/problem+json" in answer

    def test_lets_others_in_while_a_body_without_an_end_stalls(self, api_url, client):
        with stalled_bodies(api_url, 20) as connections:
            assert client.get("/marketplace/browse").status_code == 200
            answers = [connection.recv(65536) for connection in connections]
        assert {answer[:12] for answer in answers} == {b"HTTP/1.1 408"}

    def test_cuts_off_a_body_that_comes_forever_byte_by_byte(self, api_url):
        with stalled_bodies(api_url, 1) as [connection]:
            assert trickle(connection).startswith(b"HTTP/1.1 408")


@contextmanager
def stalled_bodies(api_url, count):
    """Connections on each of which a body in chunks was begun, of which no more comes."""
    parts = urlsplit(api_url)
    head = (
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with ExitStack() as opened:
        connections = [
            opened.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=20))
            for _ in range(count)
        ]
        for connection in connections:
            connection.sendall(head + b'4\r\n{"em\r\n')
        yield connections


def trickle(connection):
    """Sends a byte at a time until there is an answer, which is what comes back."""
    connection.settimeout(0.05)
    while True:
        try:
            return connection.recv(65536)
        except TimeoutError:
            connection.sendall(b"1\r\n \r\n")


class TestSize:
    def test_of_an_address_is_bounded(self, client):
        answer = client.get("/marketplace/search", params={"q": "x" * 9_000})
        assert (answer.status_code, answer.json()["title"]) == (414, "Url too long")

    def test_of_headers_is_bounded(self, client):
        answer = client.get("/marketplace/browse", headers={f"X-{n}": "x" for n in range(101)})
        assert (answer.status_code, answer.json()["title"]) == (431, "Headers too large")

    def test_of_a_body_is_small_where_anybody_may_send_one(self, client):
        answer = client.post("/auth/login", json={"email": "x" * 70_000, "password": "x"})
        assert answer.status_code == 413


class TestContentType:
    @pytest.mark.parametrize("sent", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
    def test_of_a_body_must_be_json(self, client, seller, sent):
        headers = seller.headers | ({"Content-Type": sent} if sent else {})
        answer = client.post("/prompts", content=b'{"title": "x"}', headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (415, "Body not json")

    def test_a_compressed_body_is_refused_with_what_to_do(self, client, seller):
        headers = seller.headers | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        answer = client.post("/prompts", content=gzip.compress(b'{"title": "x"}'), headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (415, "Body not json")
        assert "Content-Encoding" in answer.json()["detail"]

    def test_may_have_parameters(self, client):
        headers = {"Content-Type": "application/json; charset=utf-8"}
        assert client.post("/auth/login", content=b"{}", headers=headers).status_code == 422
