"""`/health/live`, `/health/ready`, `/metrics`, and the documentation."""

import pytest


def measured(site):
    """The last number of every line of the measurements, by what is before it."""
    lines = [line for line in site.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


class TestLive:
    def test_answers(self, site):
        answer = site.get("/health/live")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


class TestReady:
    def test_asks_every_server(self, site):
        answer = site.get("/health/ready")
        assert answer.status_code == 200
        assert answer.json() == {"status": "ok", "checks": {"postgres": "ok", "redis": "ok", "warehouse": "ok"}}


class TestMetrics:
    def test_counts_requests_by_route_template(self, site, client):
        client.get("/prompts/7")
        client.get("/nowhere/at/all")
        lines = site.get("/metrics").text.splitlines()
        counted = [line for line in lines if line.startswith("http_requests_total")]
        assert any('route="/api/v1/prompts/{prompt_id}",status="422"' in line for line in counted)
        assert any('route="unmatched",status="404"' in line for line in counted)
        assert not any("/nowhere" in line for line in counted)

    def test_tells_what_waits_in_the_outbox(self, site, database):
        before = measured(site)
        database.execute(
            "insert into outbox (kind, payload, next_attempt_at, given_up_at)"
            " values ('mail.notice', '{}', now() + interval '1 day', null), ('mail.notice', '{}', now(), now())"
        )
        after = measured(site)
        states = ('outbox_tasks{state="waiting"}', 'outbox_tasks{state="failed"}')
        assert [after[state] - before[state] for state in states] == [1.0, 1.0]

    def test_tells_what_waits_in_the_event_journal(self, site):
        told = measured(site)
        assert told["event_journal_entries"] >= 0 and told["event_journal_dropped_events"] == 0

    def test_is_in_prometheus_format(self, site):
        assert site.get("/metrics").headers["Content-Type"].startswith("text/plain; version=")


class TestOpenApi:
    @pytest.fixture
    def document(self, site):
        return site.get("/openapi.json").json()

    def test_describes_every_route(self, document):
        operations = [
            (f"{method} {path}", operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
        ]
        assert [name for name, operation in operations if not operation.get("summary")] == []
        assert [name for name, operation in operations if not operation.get("tags")] == []

    def test_says_that_errors_are_problem_documents(self, document):
        wrong = [
            f"{method} {path} {status}"
            for path, item in document["paths"].items()
            for method, operation in item.items()
            for status, response in operation["responses"].items()
            if status >= "400" and list(response["content"]) != ["application/problem+json"]
        ]
        assert wrong == []

    def test_says_that_servers_may_be_down_and_bodies_too_large(self, document):
        operations = [operation for item in document["paths"].values() for operation in item.values()]
        assert [each["summary"] for each in operations if "503" not in each["responses"]] == []
        assert [each["summary"] for each in operations if ("413" in each["responses"]) < ("requestBody" in each)] == []

    def test_says_how_to_log_in(self, document):
        assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
        assert document["paths"]["/api/v1/auth/me"]["get"]["security"] == [{"bearer": []}, {"api_key": []}]
        assert "security" not in document["paths"]["/api/v1/auth/login"]["post"]

    def test_says_who_may_call_what(self, document):
        paths = document["paths"]
        assert paths["/api/v1/prompts"]["post"]["x-permission"] == {
            "scope": "prompts:write",
            "roles": ["seller", "admin"],
            "api_keys": True,
        }
        assert paths["/api/v1/auth/sessions"]["get"]["security"] == [{"bearer": []}]
        assert {"401", "403"} <= paths["/api/v1/auth/sessions"]["get"]["responses"].keys()
        assert paths["/api/v1/prompts/{prompt_id}"]["get"]["security"][0] == {}
