from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from tests.integration.warehouse.build import building, read
from tests.integration.warehouse.performance_build import (
    DAY,
    create_build,
    put_click,
    put_day,
    put_prompt,
    remove_day,
)
from warehouse.databases import connect
from warehouse.publication import publish_marts
from warehouse.snapshot import take_snapshot

SALE = {"order_count": 2, "gross_revenue_amount": "10.00", "net_revenue_amount": "10.00"}
REFUNDED = SALE | {"refund_count": 1, "refunded_amount": "2.50", "net_revenue_amount": "7.50"}
TRAFFIC = {"impression_count": 9, "view_count": 4, "unique_viewer_count": 3}


@pytest.fixture
def build(warehouse_url: str) -> Iterator[str]:
    """Published: a day that was over, with two sales of one prompt and traffic of another."""
    create_build(warehouse_url)
    with building(warehouse_url) as connection:
        put_day(connection, "essay", SALE)
        put_day(connection, "haiku", TRAFFIC)
    publish_marts(warehouse_url)
    yield warehouse_url


def changes(warehouse_url: str, prompt_id: str = "essay") -> dict[str, tuple[float, float, str]]:
    """By measure: before, after and why."""
    rows = read(
        warehouse_url,
        "select * from marts.fct_restatements where prompt_id = %s and currency = 'GBP' order by published_at",
        prompt_id,
    )
    return {row["measure"]: (float(row["value_before"]), float(row["value_after"]), row["reason"]) for row in rows}


def publish_day(warehouse_url: str, prompt_id: str, figures: dict[str, Any], *, run: int = 1) -> str:
    with building(warehouse_url) as connection:
        put_day(connection, prompt_id, figures, run=run)
    return publish_marts(warehouse_url).publication_id


class TestReason:
    def test_refund_restates_the_day_of_its_order(self, build: str) -> None:
        publish_day(build, "essay", REFUNDED)
        assert changes(build) == {
            "refund_count": (0, 1, "refund"),
            "refunded_amount": (0, 2.5, "refund"),
            "net_revenue_amount": (10, 7.5, "refund"),
        }

    def test_refund_that_failed_afterwards_is_a_correction(self, build: str) -> None:
        publish_day(build, "essay", REFUNDED)
        publish_day(build, "essay", SALE, run=2)
        assert changes(build) == {
            "refund_count": (1, 0, "correction"),
            "refunded_amount": (2.5, 0, "correction"),
            "net_revenue_amount": (7.5, 10, "correction"),
        }

    def test_order_that_arrives_late_is_told_from_a_refund(self, build: str) -> None:
        publish_day(build, "essay", REFUNDED | {"order_count": 3, "gross_revenue_amount": "15.00"})
        assert {measure: reason for measure, (_, _, reason) in changes(build).items()} == {
            "order_count": "late_order",
            "gross_revenue_amount": "late_order",
            "net_revenue_amount": "late_order",
            "refund_count": "refund",
            "refunded_amount": "refund",
        }

    def test_late_event_on_a_day_without_a_row_restates_it_from_zero(self, build: str) -> None:
        with building(build) as connection:
            put_day(connection, "essay", {"view_count": 1}, run=1, performance_date=date(2026, 3, 1))
        publish_marts(build)
        assert changes(build) == {"view_count": (0, 1, "late_event")}

    def test_click_made_after_the_publication_is_no_late_event(self, build: str) -> None:
        with building(build) as connection:
            put_click(connection, "haiku", datetime(2026, 3, 5, tzinfo=UTC), run=1)
        publish_day(build, "haiku", TRAFFIC | {"click_count": 1})
        assert changes(build, "haiku") == {"click_count": (0, 1, "later_click")}

    def test_click_made_before_it_is_one(self, build: str) -> None:
        with building(build) as connection:
            put_click(connection, "haiku", datetime(2026, 3, 2, 12, tzinfo=UTC), run=1)
        publish_day(build, "haiku", TRAFFIC | {"click_count": 1})
        assert changes(build, "haiku") == {"click_count": (0, 1, "late_event")}

    def test_fewer_people_with_as_many_views_became_known(self, build: str) -> None:
        publish_day(build, "haiku", TRAFFIC | {"unique_viewer_count": 2})
        assert changes(build, "haiku") == {"unique_viewer_count": (3, 2, "identification")}

    def test_fewer_people_on_a_day_of_somebody_erased_were_erased(self, build: str) -> None:
        with building(build) as connection:
            connection.execute("insert into control.erased_days values ('haiku', %s)", [DAY])
        publish_day(build, "haiku", TRAFFIC | {"unique_viewer_count": 2})
        publish_day(build, "haiku", TRAFFIC, run=2)
        rows = read(build, "select reason from marts.fct_restatements order by published_at")
        assert [row["reason"] for row in rows] == ["erasure", "identification"]

    def test_traffic_that_moves_with_a_prompts_currency_is_a_correction(self, build: str) -> None:
        with building(build) as connection:
            put_prompt(connection, "haiku", currency="EUR", run=1)
            remove_day(connection, "haiku")
            put_day(connection, "haiku", TRAFFIC, run=1, currency="EUR")
        publish_marts(build)
        rows = read(build, "select currency, measure, value_before, value_after, reason from marts.fct_restatements")
        moved = {(row["currency"], row["measure"]): (row["value_before"], row["value_after"]) for row in rows}
        assert {row["reason"] for row in rows} == {"correction"}
        assert moved == {("GBP", measure): (count, 0) for measure, count in TRAFFIC.items()} | {
            ("EUR", measure): (0, count) for measure, count in TRAFFIC.items()
        }


class TestRestatement:
    def test_names_the_publications_before_and_after_and_the_seller(self, build: str) -> None:
        [first] = read(build, "select publication_id from marts.publications")
        second = publish_day(build, "haiku", TRAFFIC | {"impression_count": 10})
        [row] = read(build, "select * from marts.fct_restatements")
        [published] = read(build, "select finished_at from marts.publications where publication_id = %s", second)
        assert (row["previous_publication_id"], row["publication_id"]) == (first["publication_id"], second)
        assert row["published_at"] == published["finished_at"]
        assert row["seller_organization_id"] == "sellers"

    def test_none_with_nothing_new(self, build: str) -> None:
        assert publish_marts(build).restated_figures == 0
        assert read(build, "select * from marts.fct_restatements") == []

    def test_none_of_rows_built_again_with_the_same_figures(self, build: str) -> None:
        publish_day(build, "essay", SALE)
        assert read(build, "select * from marts.fct_restatements") == []

    def test_none_of_a_day_that_was_not_over(self, warehouse_url: str) -> None:
        create_build(warehouse_url, known_until=datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC))
        publish_marts(warehouse_url)
        publish_day(warehouse_url, "essay", SALE)
        assert read(warehouse_url, "select * from marts.fct_restatements") == []

    def test_first_value_and_changes_add_up_to_what_is_published(self, build: str) -> None:
        for run, views in enumerate((5, 2, 7), start=1):
            publish_day(build, "haiku", TRAFFIC | {"view_count": views}, run=run)
        [row] = read(
            build,
            "select sum(value_after - value_before) as change from marts.fct_restatements where measure = 'view_count'",
        )
        assert TRAFFIC["view_count"] + row["change"] == 7

    def test_mart_of_another_shape_is_compared_as_a_whole(self, build: str) -> None:
        with building(build) as connection:
            connection.execute("alter table marts_build.agg_prompts_performance_daily add column note text")
            connection.execute("update marts_build.agg_prompts_performance_daily set order_count = order_count + 1")
        publish_marts(build)
        assert changes(build) == {"order_count": (2, 3, "late_order")}
        assert changes(build, "haiku") == {"order_count": (0, 1, "late_order")}

    def test_one_that_broke_leaves_none(self, build: str) -> None:
        with connect(build) as connection:
            connection.execute("alter table marts.publications add constraint broken check (false) not valid")
        with pytest.raises(psycopg.errors.CheckViolation):
            publish_day(build, "essay", REFUNDED)
        assert changes(build) == {}

    def test_is_kept_for_as_long_as_ranks(self, build: str) -> None:
        publish_day(build, "essay", REFUNDED)
        for age, left in ((399, 3), (401, 0)):
            with connect(build) as connection:
                connection.execute(
                    "update marts.fct_restatements set published_at = now() - %s * '1 day'::interval", [age]
                )
            publish_marts(build, rank_history_days=400)
            assert len(changes(build)) == left

    def test_is_in_the_snapshot_and_is_taken_over_while_none_is_new(self, build: str, tmp_path: Any) -> None:
        publish_day(build, "essay", REFUNDED)
        first = take_snapshot(build, tmp_path, kept=9).directory / "fct_restatements.parquet"
        publish_marts(build)
        second = take_snapshot(build, tmp_path, kept=9).directory / "fct_restatements.parquet"
        publish_day(build, "essay", SALE, run=2)
        third = take_snapshot(build, tmp_path, kept=9)
        assert first.samefile(second)
        assert third.mart_rows["fct_restatements"] == 6
