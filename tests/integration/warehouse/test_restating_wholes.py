from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.warehouse.build import building, read
from tests.integration.warehouse.performance_build import DAY, create_build, put_day, put_whole
from warehouse.publication import publish_marts

SELLERS, CATEGORIES = "agg_sellers_performance_daily", "agg_categories_performance_daily"
MARKETPLACE = "agg_marketplace_daily"
PROMPT = {"view_count": 4, "unique_viewer_count": 3, "order_count": 1}
WHOLE = {"view_count": 4, "unique_viewer_count": 3, "unique_buyer_count": 1, "active_seller_count": 1}


def put_all(warehouse_url: str, *, prompt: dict[str, Any], whole: dict[str, Any], run: int) -> None:
    """A prompt's day and the wholes it is in."""
    with building(warehouse_url) as connection:
        put_day(connection, "essay", PROMPT | prompt, run=run)
        put_whole(connection, MARKETPLACE, WHOLE | whole, run=run)
        put_whole(connection, CATEGORIES, WHOLE | whole, run=run, category="writing")
        put_whole(connection, SELLERS, WHOLE | whole, run=run, seller_organization_id="sellers")


@pytest.fixture
def build(warehouse_url: str) -> Iterator[str]:
    """Published: a day that was over, of one prompt and the wholes it is in."""
    create_build(warehouse_url)
    put_all(warehouse_url, prompt={}, whole={}, run=0)
    publish_marts(warehouse_url)
    yield warehouse_url


def changes(warehouse_url: str) -> set[tuple[Any, ...]]:
    rows = read(warehouse_url, "select * from marts.fct_whole_restatements")
    return {
        (row["dimension"], row["dimension_value"], row["measure"], row["value_before"], row["value_after"],
         row["reason"]) for row in rows
    }  # fmt: skip


class TestWholeRestatements:
    def test_viewer_who_came_late_is_one_of_each_whole(self, build: str) -> None:
        late = {"view_count": 5, "unique_viewer_count": 4}
        put_all(build, prompt=late, whole=late, run=1)
        publish_marts(build)
        assert changes(build) == {
            (dimension, value, "unique_viewer_count", 3, 4, "late_event")
            for dimension, value in (("seller", "sellers"), ("category", "writing"), ("marketplace", "all"))
        }

    def test_late_order_of_another_company_is_a_buyer_more_of_all_but_the_seller(self, build: str) -> None:
        put_all(build, prompt={"order_count": 2}, whole={"unique_buyer_count": 2}, run=1)
        publish_marts(build)
        assert changes(build) == {
            (dimension, value, "unique_buyer_count", 1, 2, "late_order")
            for dimension, value in (("category", "writing"), ("marketplace", "all"))
        }

    def test_late_view_of_somebody_the_whole_knew_restates_the_prompt_alone(self, build: str) -> None:
        put_all(build, prompt={"view_count": 5, "unique_viewer_count": 4}, whole={"view_count": 5}, run=1)
        publish_marts(build)
        assert changes(build) == set()
        [row] = read(build, "select count(*) as figures from marts.fct_restatements")
        assert row["figures"] == 2

    def test_two_visitors_of_two_prompts_who_are_found_to_be_one_became_known(self, build: str) -> None:
        put_all(build, prompt={}, whole={"unique_viewer_count": 2}, run=1)
        publish_marts(build)
        assert {reason for *_, reason in changes(build)} == {"identification"}

    def test_person_who_was_erased_is_one_less_for_that_reason(self, build: str) -> None:
        with building(build) as connection:
            connection.execute("insert into control.erased_days values ('essay', %s)", [DAY])
        put_all(build, prompt={"unique_viewer_count": 2}, whole={"unique_viewer_count": 2}, run=1)
        publish_marts(build)
        assert {reason for *_, reason in changes(build)} == {"erasure"}

    def test_prompt_that_moved_to_another_category_corrects_both(self, build: str) -> None:
        with building(build) as connection:
            connection.execute("delete from marts_build.agg_categories_performance_daily")
            put_whole(connection, CATEGORIES, WHOLE, run=1, category="coding")
        publish_marts(build)
        assert changes(build) == {
            ("category", category, measure, before, count - before, "correction")
            for measure, count in WHOLE.items()
            if measure != "view_count"
            for category, before in (("writing", count), ("coding", 0))
        }

    def test_first_value_and_changes_add_up_to_what_is_published(self, build: str) -> None:
        for run, viewers in enumerate((5, 2, 7), start=1):
            put_all(build, prompt={"unique_viewer_count": viewers}, whole={"unique_viewer_count": viewers}, run=run)
            publish_marts(build)
        rows = read(
            build,
            "select dimension, sum(value_after - value_before) as change from marts.fct_whole_restatements group by 1",
        )
        assert {row["dimension"]: 3 + row["change"] for row in rows} == {"seller": 7, "category": 7, "marketplace": 7}

    def test_names_both_publications_and_goes_with_age(self, build: str) -> None:
        [first] = read(build, "select publication_id from marts.publications")
        put_all(build, prompt={}, whole={"unique_viewer_count": 2}, run=1)
        second = publish_marts(build).publication_id
        rows = read(build, "select distinct previous_publication_id, publication_id from marts.fct_whole_restatements")
        assert [tuple(row.values()) for row in rows] == [(first["publication_id"], second)]
        with building(build) as connection:
            connection.execute("update marts.fct_whole_restatements set published_at = now() - interval '401 days'")
        publish_marts(build, rank_history_days=400)
        assert changes(build) == set()
