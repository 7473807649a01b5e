"""The metric registry as clients read it."""

import pytest

from warehouse.metrics import METRICS


@pytest.fixture
def ask(client, buyer):
    def ask(**headers):
        return client.get("/analytics/metrics", headers={**buyer.headers, **headers})

    return ask


class TestMetrics:
    def test_lists_all(self, ask):
        items = ask().json()["items"]
        assert [(item["slug"], item["formula"]) for item in items] == [(each.slug, each.formula) for each in METRICS]

    def test_needs_a_log_in(self, client):
        assert client.get("/analytics/metrics").status_code == 401

    @pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
    def test_is_not_sent_again_to_who_has_it(self, ask, form):
        etag = ask().headers["ETag"]
        answer = ask(**{"If-None-Match": form.format(etag)})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)

    def test_is_sent_to_who_has_another(self, ask):
        assert ask(**{"If-None-Match": '"other"'}).status_code == 200
