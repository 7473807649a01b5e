"""The id of a request, and the access log."""

from uuid import UUID

import pytest


class TestRequestId:
    def test_comes_back_as_sent(self, client):
        assert (
            client.get("/auth/me", headers={"X-Request-ID": "abc-123_X.y:z"}).headers["X-Request-ID"] == "abc-123_X.y:z"
        )

    @pytest.mark.parametrize("sent", ["", "x" * 129, "with space", "semi;colon", "é".encode(), "new\tline"])
    def test_is_made_anew_when_malformed(self, client, sent):
        answer = client.get("/auth/me", headers={"X-Request-ID": sent})
        assert str(UUID(answer.headers["X-Request-ID"])) == answer.headers["X-Request-ID"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/health/live"),
            ("GET", "/api/v1/auth/me"),
            ("GET", "/nowhere"),
            ("DELETE", "/api/v1/auth/me"),
            ("GET", "/openapi.json"),
            ("GET", "/%00"),
        ],
    )
    def test_is_on_every_answer(self, site, method, path):
        first, second = site.request(method, path), site.request(method, path)
        assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]

    def test_is_in_the_problem(self, client):
        answer = client.get("/auth/me")
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
