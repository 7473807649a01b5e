"""What a whole journey leaves in the log: which requests were made, and nothing of what was in them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.integration.api.test_process import free_port
from tests.waiting import wait_until
from warehouse.settings import PROJECT_ROOT, Settings

DEADLINE_SECONDS = 60


class Journey:
    """One client's way through the service; `secrets` is all that must not be written down, by name."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._headers: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.statuses: list[int] = []

    def make(self) -> None:
        """Register, sell, render, use a key, send events, and get much of it wrong."""
        email = f"{uuid4().hex}@acme.example"
        password, wrong = self._secret("password"), self._secret("wrong password")
        registration = {"email": email, "password": password, "company_name": "Acme", "role": "seller"}
        self._keep_tokens("registration", self._post("/auth/register", registration))
        self._post("/auth/register", {**registration, "password": [password]})
        self._post("/auth/register", registration)
        self._post("/auth/login", {"email": email, "password": wrong})
        self._post("/auth/login", {"email": email, "password": password, wrong: wrong})
        self._keep_tokens("log-in", self._post("/auth/login", {"email": email, "password": password}))
        self._keep_tokens("renewal", self._post("/auth/refresh", {"refresh_token": self.secrets["refresh of log-in"]}))
        self._post("/auth/refresh", {"refresh_token": self.secrets["refresh of log-in"]})
        self._keep_tokens("last log-in", self._post("/auth/login", {"email": email, "password": password}))
        self._sell()
        self._use_key()
        self._send_nonsense()

    def _sell(self) -> None:
        prompt = {"title": "A plan", "template": f"{self._secret('template')} ${{x}}", "price_cents": 0}
        prompt_id = self._post("/prompts", prompt).json()["id"]
        self._post(f"/prompts/{prompt_id}/render", {"variables": {"x": self._secret("value")}})
        self._post(f"/prompts/{prompt_id}/render", {"variables": {"x": 1}, "version": self._secret("version")})
        note = {"template": "${", "change_note": self._secret("change note"), "more": self._secret("more")}
        self._post(f"/prompts/{prompt_id}/versions", note)
        event = {"event_id": "1", "event_name": "a.b", "occurred_at": "yesterday", "properties": self._secret("event")}
        self._post("/analytics/events", event)

    def _use_key(self) -> None:
        made = self._post("/auth/api-keys", {"name": "nightly", "scopes": ["prompts:read"]}).json()
        self.secrets["API key"] = made["key"]
        self._headers = {"X-API-Key": made["key"]}
        self._get("/prompts")
        self._get("/auth/sessions")
        self._headers = {"X-API-Key": made["key"][:-1] + "0"}
        self._get("/prompts")

    def _send_nonsense(self) -> None:
        self._headers = {"Authorization": f"Bearer {self._secret('bearer')}", "Cookie": self._secret("cookie")}
        self._get("/auth/me")
        self._headers = {"Authorization": f"Basic {self._secret('basic')}", "Idempotency-Key": self._secret("key")}
        self._post("/auth/login", self._secret("body"))
        self._get(f"/marketplace/search?q={self._secret('search')}&access_token={self._secret('token in address')}")
        half = b'{"password": "' + self._secret("half a body").encode()
        self._note(self._client.post("/auth/login", content=half, headers={"Content-Type": "application/json"}))
        signed = {"Stripe-Signature": f"t=1,v1={self._secret('signature')}"}
        self._client.post("/webhooks/stripe", content=self._secret("message"), headers=signed)

    def _secret(self, name: str) -> str:
        self.secrets[name] = f"marked-{uuid4().hex}-{name.replace(' ', '-')}"
        return self.secrets[name]

    def _keep_tokens(self, name: str, answer: httpx.Response) -> None:
        tokens = answer.json()
        self.secrets[f"access of {name}"], self.secrets[f"refresh of {name}"] = (
            tokens["access_token"],
            tokens["refresh_token"],
        )
        self._headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def _post(self, path: str, body: object) -> httpx.Response:
        return self._note(self._client.post(path, json=body, headers=self._headers))

    def _get(self, path: str) -> httpx.Response:
        return self._note(self._client.get(path, headers=self._headers))

    def _note(self, answer: httpx.Response) -> httpx.Response:
        self.statuses.append(answer.status_code)
        return answer


@pytest.fixture(scope="module")
def log_and_journey(api_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Journey]]:
    """Everything a process of the service wrote, at its most talkative, while a journey was made."""
    place: Path = tmp_path_factory.mktemp("log")
    urls = {name: str(getattr(api_settings, name)) for name in ("database_url", "warehouse_url", "redis_url")}
    port = free_port()
    environment = os.environ | {name.upper(): url for name, url in urls.items()}
    with (place / "api.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "api.main:app", "--port", str(port)],
            cwd=PROJECT_ROOT,
            env=environment | {"DATA_DIR": str(place), "API_PORT": str(port), "LOG_LEVEL": "DEBUG"},
            stdout=log,
            stderr=log,
        )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30, trust_env=False) as client:
        wait_until(lambda: _answers(client), "the service answers", goes_on=lambda: process.poll() is None)
        journey = Journey(client)
        try:
            journey.make()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=DEADLINE_SECONDS)
    yield (place / "api.log").read_text(), journey


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/marketplace/categories").is_success
    except httpx.TransportError:
        return False


class TestLog:
    def test_the_journey_went_right_and_wrong(self, log_and_journey):
        _, journey = log_and_journey
        assert {200, 201, 202, 400, 401, 403, 409, 422} <= set(journey.statuses)

    def test_tells_which_requests_were_made(self, log_and_journey):
        log, _ = log_and_journey
        assert log.count('"route":"/api/v1/auth/login"') >= 5

    def test_holds_no_secret_and_no_body(self, log_and_journey):
        log, journey = log_and_journey
        assert [name for name, secret in journey.secrets.items() if secret in log] == []

    def test_tells_nothing_of_a_log_in_by_its_parts(self, log_and_journey):
        log, journey = log_and_journey
        signatures = [secret.rsplit(".", 1)[1] for secret in journey.secrets.values() if secret.count(".") == 2]
        assert len(signatures) >= 4
        assert [signature for signature in signatures if signature in log] == []
