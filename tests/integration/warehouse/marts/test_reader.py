"""What readers see of the marts of one publication."""

from collections.abc import Iterator
from datetime import UTC, date, timedelta
from decimal import Decimal

import pytest

from tests.integration.warehouse.marts.hand_made import (
    AS_OF,
    POLICY_VERSION,
    add_prompt,
    add_prompt_day,
    add_rank,
    add_seller_day,
    create_marts,
    publish,
)
from warehouse.databases import connect
from warehouse.marts import Marts, read_marts, sum_days

MARCH = {"date_from": date(2026, 3, 1), "date_to": date(2026, 3, 31)}


@pytest.fixture(scope="module")
def published(warehouse_url: str) -> str:
    create_marts(warehouse_url)
    with connect(warehouse_url) as connection:
        publish(connection, "p0")
        publish(connection, "p1")
        add_prompt(connection, "prompt-a", seller="acme", title="Contract summary")
        add_prompt(connection, "prompt-b", seller="acme", title="Meeting notes", category="work")
        add_prompt(connection, "prompt-c", seller="acme", title="Never shown", currency="EUR")
        add_prompt(connection, "prompt-z", seller="zeta", title="Rival's prompt")
        add_prompt(connection, "prompt-a", seller="acme", title="An older title", valid_to=AS_OF)
        traffic = {"impression_count": 100, "click_count": 10, "conversion_rate": 0.1}
        add_prompt_day(connection, "prompt-a", date(2026, 3, 1), orders=2, gross="20.00", **traffic)
        add_prompt_day(
            connection, "prompt-a", date(2026, 3, 31), impression_count=300, click_count=3, conversion_rate=1
        )
        add_prompt_day(connection, "prompt-a", date(2026, 2, 28), orders=9, gross="90.00")
        add_prompt_day(connection, "prompt-b", date(2026, 3, 2), orders=1, gross="50.00")
        add_prompt_day(connection, "prompt-b", date(2026, 3, 2), orders=1, gross="7.00", currency="USD")
        add_prompt_day(connection, "prompt-z", date(2026, 3, 2), orders=1, gross="1000.00")
        sevenths = {"impression_count": 9, "click_count": 7, "conversion_rate": 2 / 7}
        add_seller_day(connection, "acme", date(2026, 3, 1), orders=2, gross="20.00", **sevenths)
        add_seller_day(connection, "acme", date(2026, 3, 2), orders=1, gross="50.00", impression_count=1)
        add_seller_day(connection, "acme", date(2026, 3, 2), orders=1, gross="7.00", currency="USD")
        add_seller_day(connection, "acme", date(2026, 4, 1), orders=1, gross="3.00")
        add_seller_day(connection, "zeta", date(2026, 3, 2), orders=1, gross="1000.00")
        add_rank(connection, "prompt-z", 1, demand=1.5, freshness=0.25)
        add_rank(connection, "prompt-a", 2, demand=1.0)
        add_rank(connection, "prompt-b", 3, demand=0.5)
        add_rank(connection, "prompt-b", 1, surface="category", segment="work", demand=0.5)
    return warehouse_url


@pytest.fixture
def marts(published: str) -> Iterator[Marts]:
    with read_marts(published) as opened:
        yield opened


class TestPublication:
    def test_the_current_one_is_seen(self, marts: Marts) -> None:
        assert marts.publication is not None
        assert marts.publication.publication_id == "p1"
        assert marts.publication.policy_version == POLICY_VERSION

    def test_its_time_is_in_utc(self, marts: Marts) -> None:
        assert marts.publication is not None
        assert marts.publication.as_of == AS_OF
        assert marts.publication.as_of.utcoffset() == AS_OF.astimezone(UTC).utcoffset()

    def test_ranks_may_be_of_a_time_before_that_of_the_data(self, published: str) -> None:
        loaded_at = AS_OF + timedelta(days=30)
        set_data_time = "update marts.publications set data_as_of = %s where status = 'current'"
        with connect(published) as connection:
            connection.execute(set_data_time, [loaded_at])
        with read_marts(published) as marts:
            found = marts.publication
        with connect(published) as connection:
            connection.execute(set_data_time, [None])
        assert found is not None
        assert (found.as_of, found.data_as_of) == (AS_OF, loaded_at)

    def test_one_of_an_earlier_version_is_all_of_one_time(self, published: str) -> None:
        with connect(published) as connection:
            connection.execute("alter table marts.publications drop column data_as_of")
        with read_marts(published) as marts:
            found = marts.publication
        with connect(published) as connection:
            connection.execute("alter table marts.publications add column data_as_of timestamptz")
        assert found is not None
        assert found.data_as_of == AS_OF


class TestRanking:
    def test_comes_best_first_with_titles_of_today(self, marts: Marts) -> None:
        found = marts.ranking("top")
        assert [(place.rank, place.title) for place in found] == [
            (1, "Rival's prompt"),
            (2, "Contract summary"),
            (3, "Meeting notes"),
        ]

    def test_contributions_are_those_of_the_score(self, marts: Marts) -> None:
        best = marts.ranking("top", limit=1)[0]
        assert [part["component"] for part in best.contributions] == ["demand", "freshness"]
        assert sum(part["contribution"] for part in best.contributions) == best.score

    def test_a_page_starts_after_the_last_rank_of_the_one_before(self, marts: Marts) -> None:
        assert [place.rank for place in marts.ranking("top", after_rank=1, limit=1)] == [2]

    def test_a_segment_is_a_list_of_its_own(self, marts: Marts) -> None:
        assert [place.prompt_id for place in marts.ranking("category", "work")] == ["prompt-b"]
        assert marts.ranking("category", "writing") == []

    def test_a_prompt_has_a_rank_in_each_list(self, marts: Marts) -> None:
        found = marts.prompt_ranks("prompt-b")
        assert [(place.surface, place.segment, place.rank) for place in found] == [
            ("category", "work", 1),
            ("top", "all", 3),
        ]

    def test_places_of_some_prompts_leave_out_the_unranked(self, marts: Marts) -> None:
        found = marts.ranks_of(["prompt-b", "prompt-a", "prompt-c"], surface="top")
        assert [(place.rank, place.prompt_id) for place in found] == [(2, "prompt-a"), (3, "prompt-b")]


class TestPrompt:
    def test_is_the_current_row(self, marts: Marts) -> None:
        found = marts.prompt("prompt-a")
        assert found is not None
        assert (found.title, found.price_amount) == ("Contract summary", Decimal("9.50"))

    def test_is_none_when_unknown(self, marts: Marts) -> None:
        assert marts.prompt("prompt-x") is None


class TestPerformance:
    def test_both_ends_of_the_range_are_included(self, marts: Marts) -> None:
        days = marts.prompt_performance("prompt-a", **MARCH)
        assert [day.performance_date for day in days] == [date(2026, 3, 1), date(2026, 3, 31)]

    def test_amounts_are_exact(self, marts: Marts) -> None:
        day = marts.prompt_performance("prompt-a", **MARCH)[0]
        assert (type(day.gross_revenue_amount), day.gross_revenue_amount) == (Decimal, Decimal("20.00"))

    def test_a_seller_sees_own_days_only(self, marts: Marts) -> None:
        totals = sum_days(marts.seller_performance("zeta", **MARCH))
        assert [(total.currency, total.gross_revenue_amount) for total in totals] == [("GBP", Decimal("1000.00"))]

    def test_currencies_stay_apart(self, marts: Marts) -> None:
        totals = sum_days(marts.seller_performance("acme", **MARCH))
        assert [(total.currency, total.net_revenue_amount) for total in totals] == [
            ("GBP", Decimal("70.00")),
            ("USD", Decimal("7.00")),
        ]


class TestSellerPrompts:
    def test_the_best_of_every_currency_come_first_and_the_unseen_are_listed(self, marts: Marts) -> None:
        found = marts.seller_prompts("acme", **MARCH)
        assert [(row.title, row.currency, row.net_revenue_amount) for row in found] == [
            ("Never shown", "EUR", Decimal(0)),
            ("Meeting notes", "GBP", Decimal("50.00")),
            ("Meeting notes", "USD", Decimal("7.00")),
            ("Contract summary", "GBP", Decimal("20.00")),
        ]

    def test_a_limit_starves_no_currency(self, marts: Marts) -> None:
        assert {row.currency for row in marts.seller_prompts("acme", limit=3, **MARCH)} == {"EUR", "GBP", "USD"}

    def test_rates_are_of_counts_and_not_of_rates(self, marts: Marts) -> None:
        found = next(row for row in marts.seller_prompts("acme", **MARCH) if row.prompt_id == "prompt-a")
        assert found.click_through_rate == 13 / 400
        assert found.purchased_click_count == 4
        assert found.conversion_rate == 4 / 13

    def test_counts_are_whole_numbers_and_amounts_decimals(self, marts: Marts) -> None:
        found = marts.seller_prompts("acme", **MARCH)[0]
        kinds = (type(found.order_count), type(found.purchased_click_count), type(found.net_revenue_amount))
        assert kinds == (int, int, Decimal)

    def test_nothing_to_divide_by_is_no_rate(self, marts: Marts) -> None:
        found = next(row for row in marts.seller_prompts("acme", **MARCH) if row.prompt_id == "prompt-c")
        assert (found.click_through_rate, found.conversion_rate, found.order_count) == (None, None, 0)

    def test_one_currency_can_be_asked_for(self, marts: Marts) -> None:
        assert [row.title for row in marts.seller_prompts("acme", currency="USD", **MARCH)] == ["Meeting notes"]

    def test_agrees_with_the_sum_of_a_prompts_days(self, marts: Marts) -> None:
        by_query = next(row for row in marts.seller_prompts("acme", **MARCH) if row.prompt_id == "prompt-a")
        by_days = sum_days(marts.prompt_performance("prompt-a", **MARCH))[0]
        assert {name: getattr(by_query, name) for name in by_days.__slots__} == {
            name: getattr(by_days, name) for name in by_days.__slots__
        }
