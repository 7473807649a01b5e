from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.alerts.rule import CheckResult, Facts, FinishedRun, Limits, Outcome, judge

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMITS = Limits(freshness=2 * HOUR, backlog=HOUR, quarantined_share=0.05)
CHECK = CheckResult("marts_build.fct_orders", "unique", False, True, NOW - HOUR, "found 3")
GOOD = Facts(
    now=NOW,
    loaded_at=NOW - HOUR,
    published_at=NOW - HOUR,
    checks=(replace(CHECK, is_passed=True),),
    runs=(FinishedRun("build_marts_job", "0123456789", False, NOW - HOUR),),
    succeeded_since=NOW - 2 * HOUR,
    received_count=1000,
)


def outcome(facts: Facts, rule: str, subject: str | None = None) -> Outcome:
    [found] = [each for each in judge(facts, LIMITS) if each.rule == rule and subject in (None, each.subject)]
    return found


class TestJudge:
    def test_where_all_is_well_every_rule_is_good(self) -> None:
        assert {each.state for each in judge(GOOD, LIMITS)} == {"good"}

    @pytest.mark.parametrize(
        ("change", "rule", "subject", "words"),
        [
            ({"checks": (CHECK,)}, "check", None, "keeps what it found from being published"),
            ({"published_at": NOW - 3 * HOUR}, "freshness", None, "published 3 h 00 min ago"),
            ({"journal_since": NOW - 2 * HOUR}, "backlog", "event journal", "events wait to be stored since"),
            ({"owed_since": NOW - 2 * HOUR}, "backlog", "outbox", "a task waits since"),
            ({"given_up_count": 2}, "backlog", "outbox", "2 tasks were given up"),
            ({"quarantined_count": 51}, "quarantine", None, "5.1% of 1,000 events within a day"),
            (
                {"runs": (FinishedRun("build_marts_job", "0123456789", True, NOW, ("load: no disk",)),)},
                "run",
                None,
                "run 01234567 failed 2026-04-01 12:00:00 UTC: load: no disk",
            ),
            ({"unreadable": {"redis": "the redis could not be read: no"}}, "server", "redis", "could not be read"),
        ],
    )
    def test_what_is_wrong_is_alerting_and_says_why(
        self, change: dict[str, object], rule: str, subject: str | None, words: str
    ) -> None:
        found = outcome(replace(GOOD, **change), rule, subject)  # type: ignore[arg-type]
        assert found.state == "alerting"
        assert words in found.message

    def test_at_the_limit_nothing_is_wrong_yet(self) -> None:
        facts = replace(GOOD, published_at=NOW - 2 * HOUR, owed_since=NOW - HOUR, quarantined_count=50)
        assert {each.state for each in judge(facts, LIMITS)} == {"good"}


class TestChecks:
    def test_of_a_blocking_one_a_later_run_that_went_through_is_the_end(self) -> None:
        assert outcome(replace(GOOD, checks=(CHECK,), succeeded_since=NOW), "check").state == "good"

    def test_one_that_warns_stays_until_it_passes(self) -> None:
        check = replace(CHECK, is_blocking=False)
        found = outcome(replace(GOOD, checks=(check,), succeeded_since=NOW), "check")
        assert (found.state, found.severity) == ("alerting", "warning")


class TestStaleData:
    STALE = replace(GOOD, loaded_at=NOW - 3 * HOUR, published_at=NOW - 3 * HOUR, checks=(CHECK,), quarantined_count=900)

    @pytest.mark.parametrize("rule", ["check", "quarantine"])
    def test_rules_over_data_are_skipped_and_say_so(self, rule: str) -> None:
        found = outcome(self.STALE, rule)
        assert found.state == "skipped"
        assert found.message == "the data is stale: nothing was loaded since 2026-04-01 09:00:00 UTC"

    def test_that_it_is_stale_is_an_alert_itself(self) -> None:
        assert outcome(self.STALE, "freshness").state == "alerting"


class TestSkipped:
    def test_a_share_of_few_events_says_nothing(self) -> None:
        assert outcome(replace(GOOD, received_count=19, quarantined_count=19), "quarantine").state == "skipped"

    def test_before_the_first_publication_there_is_nothing_to_be_old(self) -> None:
        assert outcome(replace(GOOD, published_at=None), "freshness").message == "nothing was published yet"

    def test_what_could_not_be_read_is_not_judged(self) -> None:
        facts = replace(GOOD, unreadable={"database": "the database could not be read: no route"})
        assert outcome(facts, "backlog", "outbox").state == "skipped"
