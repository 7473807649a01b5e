"""Runs for a day of the past over a small marketplace."""

from datetime import timedelta

import pytest

from orchestration.outcome import RunOutcome
from tests.integration.orchestration.conftest import Place
from tests.integration.orchestration.marketplace import FIRST_DAY, add_orders, read, read_value
from tests.integration.orchestration.running import RANKS, run

MID_MARCH = FIRST_DAY + timedelta(days=15)


@pytest.mark.slow
class TestAsOf:
    def test_later_facts_change_no_rank(self, place: Place, first_run: RunOutcome) -> None:
        assert run(as_of=MID_MARCH).is_successful
        current = "select as_of from marts.publications where status = 'current'"
        assert read_value(place.warehouse_url, current) == MID_MARCH
        # All other figures are of the load they come from.
        loaded_at = read_value(place.warehouse_url, "select max(loaded_at) from control.load_watermarks")
        data_as_of = "select data_as_of from marts.publications where status = 'current'"
        assert read_value(place.warehouse_url, data_as_of) == loaded_at
        before = read(place.warehouse_url, RANKS)
        # The most wanted prompt by far, if it counted.
        add_orders(place.database_url, prefix="later-", paid_at=MID_MARCH, prompt=7, count=40)
        assert run(as_of=MID_MARCH).is_successful
        assert read(place.warehouse_url, RANKS) == before

    def test_earlier_facts_do(self, place: Place, first_run: RunOutcome) -> None:
        add_orders(place.database_url, prefix="earlier-", paid_at=MID_MARCH - timedelta(seconds=1), prompt=7, count=40)
        assert run(as_of=MID_MARCH).is_successful
        best = read_value(
            place.warehouse_url,
            "select external_id from marts.rank_prompts inner join marts.dim_prompts using (prompt_id)"
            " where surface = 'top' and rank = 1",
        )
        assert best == "prompt-7"
