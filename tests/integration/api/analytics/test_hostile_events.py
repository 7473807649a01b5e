"""Whatever a client sends: each event is in its documented place, and no bad one costs another."""

from collections import Counter

import pytest

from tests.integration.hostile_events import DUPLICATE, STORED, live_events
from warehouse.journal.reasons import REASONS

SEED = 20261124
# So many in one body: bad ones stand between good ones.
AT_ONCE = 100
LEDGER = "select sum(duplicate_count)::int as duplicates, sum(quarantined_count)::int as quarantined from event_batches"
KEPT = "select reason, count(*)::int as events from quarantine where kind = 'events' group by reason"


class TestHostileEvents:
    @pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
    def test_each_is_in_its_documented_place(
        self, count, client, buyer, seller, create_prompt, database, stored_events
    ):
        database.execute("truncate raw_events, event_ids, event_batches, quarantine")
        made = live_events(SEED + count, count, prompt_id=create_prompt(seller)["id"])
        wrong, answered = [], Counter()
        for first in range(0, count, AT_ONCE):
            sent = made[first : first + AT_ONCE]
            body = b"[" + b",".join(each.content for each in sent) + b"]"
            answer = client.post("/analytics/events", content=body, headers=buyer.headers).json()
            reasons = {error["index"]: error["reason"] for error in answer["errors"]}
            wrong += [
                (each.place, reasons.get(index), each.content[:200])
                for index, each in enumerate(sent)
                if reasons.get(index) != (None if each.place in (STORED, DUPLICATE) else each.place)
            ]
            answered += Counter({name: answer[name] for name in ("accepted", "duplicates", "quarantined")})
        expected = Counter(each.place for each in made)
        refused = {place: events for place, events in expected.items() if place not in (STORED, DUPLICATE)}
        assert wrong == []
        assert set(refused) <= set(REASONS)
        assert answered == Counter(
            accepted=expected[STORED], duplicates=expected[DUPLICATE], quarantined=sum(refused.values())
        )
        assert len(stored_events("page.opened", user_id=buyer.user_id)) == expected[STORED]
        assert {row["reason"]: row["events"] for row in database.execute(KEPT)} == refused
        assert database.execute(LEDGER).fetchone() == {
            "duplicates": expected[DUPLICATE], "quarantined": sum(refused.values()),
        }  # fmt: skip
