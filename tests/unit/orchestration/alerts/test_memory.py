from datetime import UTC, datetime, timedelta

from orchestration.alerts.memory import Kept, merge
from orchestration.alerts.rule import Outcome

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BAD = Outcome("freshness", "marts", "alerting", "too old")
GOOD = Outcome("freshness", "marts", "good", "fresh")
SKIPPED = Outcome("freshness", "marts", "skipped", "the data is stale")


def play(*steps: Outcome) -> tuple[Kept | None, list[str | None]]:
    """Each step an hour after the one before, told again after three hours."""
    kept, occasions = None, []
    for number, step in enumerate(steps):
        kept, occasion = merge(step, kept, now=NOW + number * HOUR, repeat=3 * HOUR)
        occasions.append(occasion)
    return kept, occasions


class TestMerge:
    def test_fires_once_when_something_goes_wrong(self) -> None:
        assert play(GOOD, BAD, BAD)[1] == [None, "firing", None]

    def test_fires_also_when_it_was_wrong_from_the_start(self) -> None:
        assert play(BAD)[1] == ["firing"]

    def test_is_repeated_after_each_interval(self) -> None:
        assert play(*[BAD] * 8)[1] == ["firing", None, None, "repeated", None, None, "repeated", None]

    def test_resolves_when_it_is_good_again(self) -> None:
        assert play(BAD, GOOD, GOOD)[1] == ["firing", "resolved", None]

    def test_goes_on_since_it_began(self) -> None:
        kept, _ = play(GOOD, BAD, BAD)
        assert kept is not None
        assert kept.since == NOW + HOUR

    def test_a_skipped_rule_keeps_its_last_outcome_and_tells_nothing(self) -> None:
        kept, occasions = play(BAD, SKIPPED, SKIPPED, SKIPPED, SKIPPED)
        assert kept is not None
        assert (kept.is_alerting, kept.message, kept.judged_at) == (True, "too old", NOW)
        assert kept.skipped_because == "the data is stale"
        assert occasions == ["firing", None, None, None, None]

    def test_what_was_good_before_it_was_skipped_fires_after(self) -> None:
        assert play(GOOD, SKIPPED, BAD)[1] == [None, None, "firing"]

    def test_never_judged_is_not_alerting(self) -> None:
        kept, _ = play(SKIPPED)
        assert kept is not None
        assert (kept.is_alerting, kept.judged_at) == (False, None)
