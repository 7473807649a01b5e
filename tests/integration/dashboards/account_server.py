"""A small HTTP server that answers for log-ins as the API does, over accounts a test names."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PASSWORD = "correct horse battery staple"


@dataclass
class AccountServer:
    """Accounts by e-mail; what was asked for, and how the next answers go wrong."""

    accounts: dict[str, dict[str, Any]]
    requests: list[str] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    expires_in: int = 1800
    status: int | None = None
    # Asked for with every password when it is set.
    code: str | None = None
    # The token that links carry.
    link_token: str = "good"
    url: str = ""

    def answer(self, route: str, token: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and content."""
        self.requests.append(route)
        if self.status is not None:
            return self.status, {"status": self.status, "detail": "Told to fail."}
        return getattr(self, route.rsplit("/", 1)[1].replace("-", "_"))(token, body)

    def password_reset(self, _token: str, _body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return 202, {}

    def login(self, _token: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        email = body["email"]
        if email not in self.accounts or body["password"] != PASSWORD:
            return 401, {"status": 401, "detail": "The e-mail or the password is wrong."}
        if self.code is not None and body.get("totp_code") != self.code:
            kind = "wrong" if "totp_code" in body else "required"
            return 401, {"status": 401, "type": f"urn:prompt-marketplace:problem:second-factor-{kind}"}
        return 200, self.tokens(email)

    def refresh(self, _token: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        email = body["refresh_token"].removeprefix("refresh ")
        if email in self.ended:
            return 401, {"status": 401, "detail": "The log-in has ended."}
        return 200, self.tokens(email)

    def confirm(self, _token: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return (204, {}) if body["token"] == self.link_token else (400, {"status": 400, "detail": "This link is over."})

    accept = confirm

    def me(self, token: str, _body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return 200, self.accounts[token.removeprefix("Bearer access ")]

    def logout(self, token: str, _body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.ended.add(token.removeprefix("Bearer access "))
        return 200, {}

    def tokens(self, email: str) -> dict[str, Any]:
        return {
            "access_token": f"access {email}",
            "refresh_token": f"refresh {email}",
            "token_type": "bearer",
            "expires_in": self.expires_in,
        }


def account(email: str, organization_id: str, *, role: str = "seller") -> dict[str, Any]:
    """What `GET /auth/me` says of somebody."""
    return {
        "email": email,
        "role": role,
        "organization_id": organization_id,
        "company_name": f"{organization_id.title()} Ltd",
    }


@contextmanager
def serve_accounts(*accounts: dict[str, Any], port: int = 0) -> Iterator[AccountServer]:
    """The server on a free port of this machine, for as long as the block runs."""
    state = AccountServer({entry["email"]: entry for entry in accounts})
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(state))
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(state: AccountServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}"))

        def _answer(self, body: dict[str, Any]) -> None:
            status, content = state.answer(self.path, self.headers.get("Authorization", ""), body)
            raw = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

    return Handler
