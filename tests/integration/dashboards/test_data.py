"""What the pages read of one publication."""

from collections.abc import Iterator

import pytest

from dashboards.data import PublicationSuperseded, find_publication, load_history, load_prompts
from tests.integration.dashboards.page import LAST_DAY
from tests.integration.warehouse.marts.hand_made import publish
from warehouse.databases import connect
from warehouse.marts import DateRange, MartsConnections

DAY = DateRange(LAST_DAY, LAST_DAY)


@pytest.fixture
def connections(marts: str) -> Iterator[MartsConnections]:
    kept = MartsConnections(marts)
    yield kept
    kept.close()


class TestLoad:
    def test_a_seller_has_own_days_only(self, connections: MartsConnections) -> None:
        history = load_history(connections, organization_id="acme", publication_id="p1")
        assert history.currencies == ["GBP", "USD"]
        assert {day.order_count for day in history.days} == {0, 1, 2}

    def test_a_seller_has_own_prompts_only(self, connections: MartsConnections) -> None:
        lines = load_prompts(connections, organization_id="acme", publication_id="p1", days=DAY, currency="GBP")
        found = [(line.totals.title, line.place.rank if line.place else None) for line in lines]
        assert found == [("Contract *summary*", 2), ("Never shown", None)]

    def test_figures_of_another_publication_are_never_taken_for_those_asked_for(
        self, connections: MartsConnections, marts: str
    ) -> None:
        before = find_publication(connections)
        assert before is not None
        with connect(marts) as connection:
            publish(connection, "p2")
        with pytest.raises(PublicationSuperseded, match="p2"):
            load_history(connections, organization_id="acme", publication_id=before.publication_id)
        with pytest.raises(PublicationSuperseded, match="p2"):
            load_prompts(
                connections, organization_id="acme", publication_id=before.publication_id, days=DAY, currency="GBP"
            )
