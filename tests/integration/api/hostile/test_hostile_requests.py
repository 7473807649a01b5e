"""Requests that no honest program sends, some of them not HTTP."""

import socket
from urllib.parse import urlsplit

import pytest

HEAD = b"Host: marketplace.example\r\nConnection: close\r\n"
TRAVERSALS = (
    "/api/v1/prompts/..%2f..%2f..%2fetc%2fpasswd",
    "/api/v1/prompts/%2e%2e/%2e%2e/etc/passwd",
    "/api/v1/marketplace/orders/..%5c..%5cwindows%5cwin.ini",
    "/static-offline-docs/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/static-offline-docs/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "//etc/passwd",
    "/api/v1/prompts/" + "x" * 8_000,
    "/api/v1/prompts?cursor=" + "x" * 8_000,
    "/api/v1/prompts/%00",
    "/api/v1/prompts/%ff%fe",
    "/api/v1/prompts/018bcfe5-687b-7fff-bfff-ffffffffffff%0d%0aSet-Cookie:%20a=b",
)
NOT_HTTP = {
    "a newline in a header": b"GET /health/live HTTP/1.1\r\n" + HEAD + b"X-Request-ID: a\r\n\tb: c\r\n\r\n",
    "a bare newline": b"GET /health/live HTTP/1.1\n" + HEAD + b"\n",
    "a NUL in a header": b"GET /health/live HTTP/1.1\r\n" + HEAD + b"X-Request-ID: a\x00b\r\n\r\n",
    "a header without a name": b"GET /health/live HTTP/1.1\r\n" + HEAD + b": b\r\n\r\n",
    "two lengths": b"POST /api/v1/auth/login HTTP/1.1\r\n" + HEAD + b"Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}",
    "a length and chunks": b"POST /api/v1/auth/login HTTP/1.1\r\n"
    + HEAD
    + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
    "a negative length": b"POST /api/v1/auth/login HTTP/1.1\r\n" + HEAD + b"Content-Length: -1\r\n\r\n",
    "a length in words": b"POST /api/v1/auth/login HTTP/1.1\r\n" + HEAD + b"Content-Length: two\r\n\r\n{}",
    "chunks that are none": b"POST /api/v1/auth/login HTTP/1.1\r\n"
    + HEAD
    + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "a hundred thousand bytes of address": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a hundred thousand bytes of a header": b"GET /health/live HTTP/1.1\r\n"
    + HEAD
    + b"X: "
    + b"a" * 100_000
    + b"\r\n\r\n",
    "a method of its own": b"TELEPORT /health/live HTTP/1.1\r\n" + HEAD + b"\r\n",
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}
INSIDE = (b"Traceback", b"site-packages", b'File "', b"root:")


@pytest.fixture
def exchange(api_url):
    """Sends bytes and returns all that comes back until the service closes the connection."""

    def exchange(sent: bytes) -> bytes:
        address = urlsplit(api_url)
        with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
            connection.sendall(sent)
            received = b""
            while part := connection.recv(65536):
                received += part
        return received

    return exchange


class TestAddress:
    @pytest.mark.parametrize("path", TRAVERSALS)
    def test_leads_nowhere_else(self, exchange, path):
        answer = exchange(f"GET {path} HTTP/1.1\r\n".encode() + HEAD + b"\r\n")
        status = int(answer.split(b" ", 2)[1])
        assert 400 <= status < 500
        assert [word for word in (*INSIDE, b"\r\nset-cookie", b"\r\nSet-Cookie") if word in answer] == []


class TestHost:
    @pytest.mark.parametrize("path", ["/api/v1/prompts/", "/docs/", "/static-offline-docs", "//evil.example/"])
    def test_leads_nobody_to_another(self, site, path):
        answer = site.get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert (answer.status_code, answer.headers.get("Location")) == (404, None)
        assert "evil.example" not in answer.text.replace(path, "")


class TestWire:
    @pytest.mark.parametrize("kind", NOT_HTTP)
    def test_is_answered_once_and_never_as_our_fault(self, exchange, kind):
        answer = exchange(NOT_HTTP[kind])
        assert answer.count(b"HTTP/1.1 ") <= 1
        assert b"HTTP/1.1 5" not in answer
        assert [word for word in INSIDE if word in answer] == []

    def test_a_request_id_is_not_taken_from_what_would_break_a_log_line(self, exchange):
        sent = b"GET /health/live HTTP/1.1\r\n" + HEAD + b'X-Request-ID: a","level":"error\r\n\r\n'
        answer = exchange(sent)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"level" not in answer
