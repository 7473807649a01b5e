"""A server that keeps the reports of failures it is sent, as Sentry would."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


class ReportSink(HTTPServer):
    """On this machine; what it was sent is in `text`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reports: list[bytes] = []

    @property
    def address(self) -> str:
        """Where reports are sent to, with a key, as Sentry writes it."""
        return f"http://public@127.0.0.1:{self.server_port}/1"

    @property
    def text(self) -> str:
        """All that was reported."""
        return b"".join(self.reports).decode()


class _Handler(BaseHTTPRequestHandler):
    server: ReportSink

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.reports.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def report_sink() -> Iterator[ReportSink]:
    """A running one."""
    with ReportSink() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
