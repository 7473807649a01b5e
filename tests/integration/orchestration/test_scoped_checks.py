"""Checks of a long history look at what changed: what is wrong there stops a run; the first run of a day sees all."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from orchestration.outcome import RunOutcome
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import add_news, add_orders, read_value
from tests.integration.orchestration.running import execute, run
from warehouse.settings import get_settings

# More than a week after 3 March: what is bought now is owed to none of its lists.
LATE = datetime(2026, 3, 26, tzinfo=UTC)
SPOIL = "update marts_build.agg_prompts_performance_daily set impression_count = impression_count + {} where {}"
OLD_DAY = "performance_date = '2026-03-03' and impression_count > 0 and click_count = 0"
TOTALS = "marts_build.agg_prompts_performance_daily: assert_performance_totals_equal_facts"
# A session of a person whose other one was tested before.
OVERLAP = """
create temporary table overlapping as
select * from marts_build.fct_sessions
where person_id is not null order by started_at limit 1;
update overlapping set session_id = 'overlapping', started_at = ended_at + interval '10 minutes',
    ended_at = ended_at + interval '20 minutes', _built_at = now();
insert into marts_build.fct_sessions select * from overlapping;
"""
YESTERDAY = "update control.tested_build set run_started_at = run_started_at - interval '1 day'"


@pytest.fixture(scope="module", autouse=True)
def long_history(place: Place) -> Iterator[None]:
    """However little there is counts as long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHECKS_IN_FULL_UP_TO_EVENTS", "0")
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()


@pytest.mark.slow
class TestScopedChecks:
    """Each test goes on from what the last one left."""

    def test_what_came_is_tested_and_published(self, place: Place, first_run: RunOutcome) -> None:
        assert first_run.is_successful
        execute(place.warehouse_url, "analyze raw_events.events")
        add_news(place.database_url, number=9)
        outcome = run()
        assert (outcome.is_successful, outcome.failed_checks, outcome.failures) == (True, [], [])

    def test_what_was_tested_and_is_spoiled_later_is_not_looked_at_again(
        self, place: Place, first_run: RunOutcome
    ) -> None:
        execute(place.warehouse_url, SPOIL.format(1, OLD_DAY))
        add_orders(place.database_url, prefix="new-", paid_at=LATE)
        assert run().is_successful

    def test_the_first_run_of_a_day_finds_it(self, place: Place, first_run: RunOutcome) -> None:
        execute(place.warehouse_url, YESTERDAY)
        add_orders(place.database_url, prefix="newer-", paid_at=LATE)
        assert TOTALS in run().failed_checks
        execute(place.warehouse_url, SPOIL.format(-1, OLD_DAY))

    def test_a_day_that_changed_is_compared_as_a_whole(self, place: Place, first_run: RunOutcome) -> None:
        execute(place.warehouse_url, "update control.tested_build set run_started_at = now()")
        add_orders(place.database_url, prefix="earlier-", paid_at=datetime(2026, 3, 10, 12, tzinfo=UTC))
        changed = "performance_date = '2026-03-10' and impression_count > 0 and prompt_id not like '%000001'"
        execute(place.warehouse_url, SPOIL.format(1, changed))
        assert TOTALS in run().failed_checks
        execute(place.warehouse_url, SPOIL.format(-1, changed))
        assert run().is_successful

    def test_a_new_session_is_held_against_older_ones_of_its_person(self, place: Place, first_run: RunOutcome) -> None:
        execute(place.warehouse_url, OVERLAP)
        add_news(place.database_url, number=10)
        assert "marts_build.fct_sessions: assert_sessions_of_a_person_lie_apart" in run().failed_checks
        execute(place.warehouse_url, "delete from marts_build.fct_sessions where session_id = 'overlapping'")
        assert run().is_successful

    def test_what_was_tested_is_remembered_by_the_publication(self, place: Place, first_run: RunOutcome) -> None:
        assert read_value(
            place.warehouse_url,
            "select loaded_through = (select max(loaded_at) from control.load_watermarks) from control.tested_build",
        )

    @pytest.mark.parametrize("mart", ["fct_impressions", "fct_searches"])
    def test_published_rows_counted_by_what_came_are_all_that_were_built(
        self, place: Place, first_run: RunOutcome, mart: str
    ) -> None:
        statement = f"""
            select
                row_count = (select count(*) from marts_build.{mart})
                and row_count = (select count(*) from marts.{mart})
            from control.published_marts where mart = '{mart}'
        """
        assert read_value(place.warehouse_url, statement)
