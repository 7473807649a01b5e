import pytest


class TestHead:
    @pytest.mark.parametrize("path", ["/api/v1/marketplace/categories", "/health/live", "/openapi.json", "/metrics"])
    def test_answers_as_get_does_without_the_body(self, site, path):
        answer = site.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["Content-Type"] == site.get(path).headers["Content-Type"]

    def test_says_how_long_the_body_would_be(self, site):
        path = "/api/v1/marketplace/categories"
        assert site.head(path).headers["Content-Length"] == str(len(site.get(path).content))

    def test_needs_the_log_in_that_get_needs(self, site):
        assert site.head("/api/v1/auth/me").status_code == 401

    def test_is_no_way_to_a_route_that_has_no_get(self, site):
        answer = site.head("/api/v1/auth/login")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")

    def test_shows_nobody_a_list(self, site, stored_events, create_prompt, seller):
        create_prompt(seller)
        assert site.head("/api/v1/marketplace/browse").status_code == 200
        assert stored_events("results.served") == []
