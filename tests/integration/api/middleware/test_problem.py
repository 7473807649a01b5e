"""Every way to fail is a problem document."""

import json
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql
from starlette.exceptions import HTTPException

from api.dependencies import Resources, WriteSession
from api.main import create_app

MEDIA_TYPE = "application/problem+json"
JSON = {"Content-Type": "application/json"}
SECRET = "the-secret-in-the-exception"

hostile = st.sampled_from(["\x00", "\ud800", "a\udfffb", "${x}", "USD", "2026-01-01T00:00:00Z"])
text = st.text(st.characters(exclude_categories=[])) | hostile
scalars = st.none() | st.booleans() | st.integers() | st.floats() | text | st.integers(10**20, 10**22)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=5
)
# Good bodies, of which one field is then replaced.
BODIES = {
    "/auth/register": {
        "email": "a@acme.example",
        "password": "long enough it is",
        "company_name": "x",
        "role": "buyer",
    },
    "/auth/login": {"email": "a@acme.example", "password": "long enough it is"},
    "/auth/refresh": {"refresh_token": "x"},
    "/prompts": {"title": "t", "template": "${a}", "price_cents": 1, "tags": ["x"], "category": "c", "currency": "USD"},
    "/prompts/{id}/versions": {"template": "${a}", "change_note": "x"},
    "/prompts/{id}/validate": {"template": "${a}"},
    "/prompts/{id}/render": {"variables": {"contract": "x"}, "version": 1},
    "/analytics/events": {
        "event_id": "1",
        "event_name": "a.b",
        "occurred_at": "2026-01-01T00:00:00Z",
        "properties": {},
    },
}


def add_failing_routes(app: FastAPI) -> None:
    """Ways to fail that no route of ours has."""

    @app.get("/fail/raise")
    async def fail() -> None:
        raise RuntimeError(SECRET)

    @app.get("/fail/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "short and stout")

    @app.get("/fail/overflow")
    async def overflow(session: WriteSession) -> None:
        await session.execute(sql("select cast(:n as integer)").bindparams(n=2**40))

    @app.get("/fail/commit")
    async def commit(session: WriteSession) -> dict[str, str]:
        await session.execute(sql("create temporary table once (n int unique deferrable initially deferred)"))
        await session.execute(sql("insert into once values (1), (1)"))
        return {"answer": "too early"}

    @app.get("/fail/read-only")
    async def read_only(resources: Resources) -> None:
        async with resources.database.reading() as session:
            await session.execute(sql("insert into organizations (name) values ('x')"))


@pytest.fixture(scope="module")
def service(api_settings) -> FastAPI:
    app = create_app(api_settings)
    add_failing_routes(app)
    return app


@pytest.fixture
def own_prompt(seller, create_prompt):
    """A prompt and the headers of its seller."""
    return {**create_prompt(seller), "headers": seller.headers}


class TestProblem:
    @pytest.mark.parametrize(
        ("method", "path", "status", "title"),
        [
            ("GET", "/nowhere", 404, "Not Found"),
            ("GET", "/api/v1/nowhere", 404, "Not Found"),
            ("PUT", "/api/v1/auth/me", 405, "Method Not Allowed"),
            ("GET", "/api/v1/auth/me", 401, "Login required"),
            ("GET", "/api/v1/prompts/7", 422, "Validation failed"),
            ("GET", "/api/v1/prompts?cursor=%00", 422, "Validation failed"),
            ("GET", "/api/v1/%00", 422, "Validation failed"),
            ("POST", "/api/v1/auth/login", 422, "Validation failed"),
            ("GET", "/fail/raise", 500, "Internal error"),
            ("GET", "/fail/teapot", 418, "I'm a Teapot"),
            ("GET", "/fail/overflow", 422, "Validation failed"),
            ("GET", "/fail/commit", 500, "Internal error"),
            ("GET", "/fail/read-only", 500, "Internal error"),
        ],
    )
    def test_has_every_member(self, site, method, path, status, title):
        answer = site.request(method, path)
        assert answer.headers["Content-Type"] == MEDIA_TYPE
        problem = answer.json()
        assert (answer.status_code, problem["status"], problem["title"]) == (status, status, title)
        assert {"type", "detail", "request_id"} <= problem.keys()

    def test_of_a_method_names_those_that_are_possible(self, site):
        answer = site.put("/api/v1/prompts/018bcfe5-687b-7fff-bfff-ffffffffffff")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE, GET, HEAD, PATCH")

    @pytest.mark.parametrize("path", ["/fail/raise", "/fail/commit", "/fail/read-only", "/fail/overflow"])
    def test_tells_nothing_of_what_is_inside(self, site, path):
        text = site.get(path).text
        assert not [
            word for word in (SECRET, "Traceback", "File \\", "psycopg", "sqlalchemy", "Error(") if word in text
        ]

    def test_ends_with_the_request_when_it_is_our_fault(self, site):
        problem = site.get("/fail/raise").json()
        assert problem["detail"].endswith(problem["request_id"])

    @pytest.mark.parametrize("content", [b"{", b"", b"\xff", b"[" * 50_000, b'{"email": ' + b"9" * 5000 + b"}"])
    def test_of_a_body_that_is_not_json(self, site, content):
        answer = site.post("/api/v1/auth/login", content=content, headers=JSON)
        assert answer.status_code in {400, 422}
        assert answer.headers["Content-Type"] == MEDIA_TYPE

    def test_of_a_body_that_is_too_large(self, site):
        answer = site.post("/api/v1/auth/login", content=b"x" * (4 * 1024 * 1024 + 1), headers=JSON)
        assert (answer.status_code, answer.json()["title"]) == (413, "Body too large")

    def test_of_a_body_that_grows_too_large(self, site):
        chunks = (b"x" * 1024 * 1024 for _ in range(17))
        answer = site.post("/api/v1/auth/login", content=chunks, headers=JSON)
        assert (answer.status_code, answer.json()["title"]) == (413, "Body too large")

    def test_names_fields_and_where_they_are(self, site):
        problem = site.post("/api/v1/auth/login", json={"email": 1, "extra": 2}).json()
        assert sorted((error["location"], error["field"]) for error in problem["errors"]) == [
            ("body", "email"),
            ("body", "extra"),
            ("body", "password"),
        ]

    def test_does_not_list_a_thousand_fields(self, site):
        problem = site.post("/api/v1/auth/login", json={str(n): n for n in range(1000)}).json()
        assert len(problem["errors"]) == 50

    @pytest.mark.parametrize("path", BODIES)
    @settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data(), value=values, name=text)
    def test_is_never_ours_whatever_is_sent(self, client, own_prompt, path, data, value, name):
        good = BODIES[path]
        body = {**good, data.draw(st.sampled_from([*good, name])): value}
        sent = json.dumps(data.draw(st.sampled_from([body, value]))).encode()
        answer = client.post(path.format(id=own_prompt["id"]), content=sent, headers=JSON | own_prompt["headers"])
        assert answer.status_code < 500

    @pytest.mark.parametrize(
        "path", ["/prompts", "/prompts/{value}", "/prompts/{value}/versions", "/analytics/dashboard"]
    )
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(name=st.sampled_from(["cursor", "limit", "status", "date_from", "currency", "prompts"]), value=text)
    def test_is_never_ours_whatever_is_asked(self, client, own_prompt, path, name, value):
        sent = quote(value.encode("utf-8", "surrogatepass"), safe="")
        answer = client.get(f"{path.format(value=sent or 'x')}?{name}={sent}", headers=own_prompt["headers"])
        assert answer.status_code < 500

    def test_cuts_the_name_of_a_field_short(self, site):
        problem = site.post("/api/v1/auth/login", json={"x" * 10_000: 1}).json()
        assert max(len(error["field"]) for error in problem["errors"]) == 200

    def test_names_a_field_no_encoding_has(self, client):
        answer = client.post("/auth/login", content=b'{"a\\ud800": 1}', headers=JSON)
        assert answer.status_code == 422
