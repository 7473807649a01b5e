"""Reports to a Sentry server, here a local one that keeps what it is sent."""

import pytest
from pydantic import SecretStr

from api.error_report import error_reports, report_failure
from tests.report_sink import report_sink
from warehouse.settings import Settings


@pytest.fixture
def sink():
    with report_sink() as sink:
        yield sink


class TestErrorReports:
    def test_tell_what_failed_without_secrets(self, sink):
        dsn = SecretStr(sink.address)
        with error_reports(Settings().model_copy(update={"sentry_dsn": dsn})):
            report_failure(ValueError("no good: Bearer abcdefgh.ijkl"), request_id="r-1")
        report = sink.text
        assert "ValueError" in report and "r-1" in report
        assert "abcdefgh.ijkl" not in report

    def test_are_not_made_without_an_address(self, sink):
        with error_reports(Settings()):
            report_failure(ValueError("no good"), request_id="r-1")
        assert sink.reports == []
