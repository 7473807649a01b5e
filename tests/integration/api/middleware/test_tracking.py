"""Every call becomes an event, and a journal that fails costs no answer."""

import pytest

from tests.waiting import wait_until


@pytest.fixture
def eventually(stored_events):
    """The stored events that match, as soon as there are any: calls are written after the answer."""

    def eventually(event_name, **equal):
        return wait_until(lambda: stored_events(event_name, **equal), f"there is a {event_name} with {equal}")

    return eventually


class TestApiRequested:
    def test_tells_who_called_what(self, client, seller, create_prompt, eventually):
        prompt = create_prompt(seller)
        headers = {**seller.headers, "X-Request-ID": "call-1", "X-Session-ID": "s-1"}
        client.get(f"/prompts/{prompt['id']}", headers=headers)
        (call,) = eventually("api.requested", request_id="call-1")
        assert {name: call["properties"][name] for name in ("method", "route", "status")} == {
            "method": "GET",
            "route": "/api/v1/prompts/{prompt_id}",
            "status": 200,
        }
        assert call["properties"]["duration_ms"] > 0
        assert (str(call["user_id"]), str(call["organization_id"]), call["session_id"], call["source"]) == (
            seller.user_id,
            seller.organization_id,
            "s-1",
            "api",
        )

    @pytest.mark.parametrize(
        ("method", "path", "route", "status"),
        [
            ("GET", "/nowhere/at/all", "unmatched", 404),
            ("GET", "/auth/me", "/api/v1/auth/me", 401),
            ("PUT", "/auth/me", "/api/v1/auth/me", 405),
            ("GET", "/prompts/7", "/api/v1/prompts/{prompt_id}", 422),
        ],
    )
    def test_tells_of_refusals(self, client, eventually, method, path, route, status):
        request_id = f"refused-{status}"
        client.request(method, path, headers={"X-Request-ID": request_id})
        (call,) = eventually("api.requested", request_id=request_id)
        assert (call["properties"]["route"], call["properties"]["status"]) == (route, status)

    def test_leaves_out_what_is_not_the_api(self, site, client, eventually, stored_events):
        site.get("/health/live", headers={"X-Request-ID": "health-1"})
        client.get("/auth/me", headers={"X-Request-ID": "after-health"})
        eventually("api.requested", request_id="after-health")
        assert stored_events("api.requested", request_id="health-1") == []

    def test_ignores_ids_that_are_malformed(self, client, eventually):
        headers = {"X-Request-ID": "odd-1", "X-Session-ID": "s" * 300, "X-Anonymous-ID": "é".encode()}
        client.get("/auth/me", headers=headers)
        (call,) = eventually("api.requested", request_id="odd-1")
        assert (call["session_id"], call["anonymous_id"]) == (None, None)
