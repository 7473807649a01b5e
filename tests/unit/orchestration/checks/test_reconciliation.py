"""Which rows a reconciliation reads of what is in its scope."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from orchestration.checks.reconciliation import Reconciliation, differences_statement
from warehouse.events import LATEST_EVENT_AHEAD_SECONDS


def reconcile(condition: str) -> Reconciliation:
    query = f"select day, events from counted where {condition}"  # nosec B608
    return Reconciliation(
        table="counted", name="", description="", expected=query, found=query, key=("day",), measures=("events",)
    )


class TestDifferencesStatement:
    def test_days_in_a_row_are_one_range_of_moments_and_others_have_their_own(self) -> None:
        days = [date(2026, 3, 3), date(2026, 3, 1), date(2026, 3, 2), date(2026, 2, 26), date(2026, 3, 2)]
        assert (
            "(at >= '2026-02-26 00:00:00+00:00'::timestamptz and at < '2026-02-27 00:00:00+00:00'::timestamptz"
            " or at >= '2026-03-01 00:00:00+00:00'::timestamptz and at < '2026-03-04 00:00:00+00:00'::timestamptz)"
        ) in differences_statement(reconcile("{at on scope}"), days)

    def test_what_was_received_is_read_from_as_long_before_a_day_as_a_clock_may_be_ahead(self) -> None:
        moment = datetime(2026, 3, 2, tzinfo=UTC) - timedelta(seconds=LATEST_EVENT_AHEAD_SECONDS)
        statement = differences_statement(reconcile("{at since scope}"), [date(2026, 3, 4), date(2026, 3, 2)])
        assert f"where at >= '{moment}'::timestamptz" in statement

    def test_without_days_there_is_nothing_to_read(self) -> None:
        assert "where false" in differences_statement(reconcile("{at on scope}"), [])

    def test_without_a_scope_everything_is_read(self) -> None:
        assert "where true" in differences_statement(reconcile("{at on scope}"))

    def test_rows_are_compared_by_queries_of_their_own(self) -> None:
        of_rows = replace(
            reconcile("true"),
            expected_in_scope="select day, raw as events from in_scope",
            found_in_scope="select day, built as events from in_scope",
        )
        assert differences_statement(of_rows, "select day, raw, built from changed").startswith(
            "with in_scope as (select day, raw, built from changed),"
            " expected as (select day, raw as events from in_scope),"
            " found as (select day, built as events from in_scope) select"
        )
