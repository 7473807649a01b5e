"""Reports to a Sentry server, here a local one that keeps what it is sent."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from api.error_report import error_reports, report_failure
from warehouse.settings import Settings


class Sink(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.reports.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def sink():
    server = HTTPServer(("127.0.0.1", 0), Sink)
    server.reports = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class TestErrorReports:
    def test_tell_what_failed_without_secrets(self, sink):
        dsn = SecretStr(f"http://public@127.0.0.1:{sink.server_port}/1")
        with error_reports(Settings().model_copy(update={"sentry_dsn": dsn})):
            report_failure(ValueError("no good: Bearer abcdefgh.ijkl"), request_id="r-1")
        report = b"".join(sink.reports).decode()
        assert "ValueError" in report and "r-1" in report
        assert "abcdefgh.ijkl" not in report

    def test_are_not_made_without_an_address(self, sink):
        with error_reports(Settings()):
            report_failure(ValueError("no good"), request_id="r-1")
        assert sink.reports == []
