import threading
from collections.abc import Iterator
from datetime import date, timedelta

import psycopg
import pytest

from tests.integration.warehouse.build import (
    AS_OF,
    building,
    create_build,
    put_order,
    put_search,
    put_seller_day,
    rank,
    read,
    run_at,
)
from warehouse.databases import connect
from warehouse.publication import PublicationRefused, publish_marts, read_current


@pytest.fixture
def build(warehouse_url: str) -> Iterator[str]:
    """A warehouse with a first build of three orders, one seller's day and two ranked prompts."""
    create_build(warehouse_url)
    with building(warehouse_url) as connection:
        for order_id in ("a", "b", "c"):
            put_order(connection, order_id)
        put_seller_day(connection, "seller", orders=3)
        rank(connection, ["p1", "p2"])
    yield warehouse_url


def orders(warehouse_url: str) -> dict[str, str]:
    return {row["order_id"]: str(row["gross_amount"]) for row in read(warehouse_url, "select * from marts.fct_orders")}


def row_versions(warehouse_url: str) -> dict[str, str]:
    """Which transaction wrote each published order."""
    rows = read(warehouse_url, "select order_id, xmin::text as version from marts.fct_orders")
    return {row["order_id"]: row["version"] for row in rows}


class TestFirstPublication:
    def test_all_rows_of_all_marts_are_there(self, build: str) -> None:
        publication = publish_marts(build)
        assert orders(build) == {"a": "10.00", "b": "10.00", "c": "10.00"}
        assert {name: mart.total_rows for name, mart in publication.marts.items()} == {
            "agg_sellers_performance_daily": 1,
            "fct_orders": 3,
            "fct_searches": 0,
        }

    def test_readers_see_the_columns_without_the_technical_ones(self, build: str) -> None:
        publish_marts(build)
        [row] = read(build, "select * from marts.fct_orders where order_id = 'a'")
        assert list(row) == ["order_id", "gross_amount", "currency", "paid_at", "paid_date", "details"]

    def test_the_key_becomes_the_primary_key(self, build: str) -> None:
        publish_marts(build)
        with pytest.raises(psycopg.errors.UniqueViolation), connect(build) as connection:
            connection.execute("insert into marts.fct_orders (order_id) values ('a')")

    def test_indexes_and_descriptions_come_along(self, build: str) -> None:
        publish_marts(build)
        [described] = read(
            build,
            "select obj_description('marts.fct_orders'::regclass) as of_table,"
            " col_description('marts.fct_orders'::regclass, 2) as of_column,"
            " (select count(*) from pg_indexes where schemaname = 'marts' and tablename = 'fct_orders') as indexes",
        )
        assert described == {
            "of_table": "One row per order.",
            "of_column": "What the buyer's card was charged.",
            "indexes": 2,
        }

    def test_ranks_carry_the_publication(self, build: str) -> None:
        publication = publish_marts(build)
        rows = read(build, "select prompt_id, rank, publication_id, as_of from marts.rank_prompts order by rank")
        assert rows == [
            {"prompt_id": prompt, "rank": place, "publication_id": publication.publication_id, "as_of": AS_OF}
            for prompt, place in (("p1", 1), ("p2", 2))
        ]

    def test_tables_dbt_left_behind_are_not_published(self, build: str) -> None:
        with building(build) as connection:
            connection.execute("create table marts_build.fct_orders__dbt_backup (order_id text)")
        assert "fct_orders__dbt_backup" not in publish_marts(build).marts

    def test_an_empty_warehouse_has_nothing_to_publish(self, build: str) -> None:
        with building(build) as connection:
            connection.execute("drop schema marts_build cascade")
        with pytest.raises(PublicationRefused, match="no marts to publish"):
            publish_marts(build)


class TestNextPublication:
    def test_the_one_before_is_superseded(self, build: str) -> None:
        first, second = publish_marts(build), publish_marts(build)
        rows = read(build, "select publication_id, status from marts.publications order by finished_at")
        assert rows == [
            {"publication_id": first.publication_id, "status": "superseded"},
            {"publication_id": second.publication_id, "status": "current"},
        ]

    def test_with_nothing_new_no_row_is_written(self, build: str) -> None:
        publish_marts(build)
        before = row_versions(build)
        again = publish_marts(build)
        assert {mart.written_rows + mart.removed_rows for mart in again.marts.values()} == {0}
        assert row_versions(build) == before

    def test_only_changed_rows_are_written(self, build: str) -> None:
        publish_marts(build)
        before = row_versions(build)
        with building(build) as connection:
            put_order(connection, "b", gross="7.77", run=1)
            put_order(connection, "d", run=1)
        assert publish_marts(build).marts["fct_orders"].written_rows == 2
        assert orders(build) == {"a": "10.00", "b": "7.77", "c": "10.00", "d": "10.00"}
        assert row_versions(build)["a"] == before["a"]

    def test_a_full_rebuild_of_the_same_rows_writes_none(self, build: str) -> None:
        publish_marts(build)
        with building(build) as connection:
            for order_id in ("a", "b", "c"):
                put_order(connection, order_id, run=1)
        assert publish_marts(build).marts["fct_orders"].written_rows == 0

    def test_rows_that_vanished_are_removed(self, build: str) -> None:
        publish_marts(build)
        with building(build) as connection:
            connection.execute("delete from marts_build.fct_orders where order_id = 'b'")
            put_order(connection, "d", run=1)
        applied = publish_marts(build).marts["fct_orders"]
        assert (applied.written_rows, applied.removed_rows) == (1, 1)
        assert sorted(orders(build)) == ["a", "c", "d"]

    def test_rows_lost_from_the_published_marts_come_back(self, build: str) -> None:
        publish_marts(build)
        with connect(build) as connection:
            connection.execute("delete from marts.fct_orders where order_id = 'a'")
        publish_marts(build)
        assert sorted(orders(build)) == ["a", "b", "c"]

    def test_a_build_that_was_never_published_is_caught_up_with(self, build: str) -> None:
        publish_marts(build)
        for run in (1, 2):
            with building(build) as connection:
                put_order(connection, f"run {run}", run=run)
        assert publish_marts(build).marts["fct_orders"].written_rows == 2

    def test_history_keeps_the_ranks_of_every_publication(self, build: str) -> None:
        first = publish_marts(build)
        with building(build) as connection:
            rank(connection, ["p2"], as_of=AS_OF + timedelta(days=1))
        second = publish_marts(build)
        history = read(build, "select publication_id, rank, prompt_id from marts.rank_prompts_history order by 1, 2")
        assert [tuple(row.values()) for row in history] == [
            (first.publication_id, 1, "p1"),
            (first.publication_id, 2, "p2"),
            (second.publication_id, 1, "p2"),
        ]
        assert [row["prompt_id"] for row in read(build, "select prompt_id from marts.rank_prompts")] == ["p2"]

    def test_new_columns_are_taken_over_with_all_rows(self, build: str) -> None:
        publish_marts(build)
        with building(build) as connection:
            connection.execute("alter table marts_build.fct_orders add column provider text default 'stripe'")
        publish_marts(build)
        assert {row["provider"] for row in read(build, "select provider from marts.fct_orders")} == {"stripe"}
        assert sorted(orders(build)) == ["a", "b", "c"]


class TestCountOfChangedDays:
    """A mart of which no run takes a row away is held against its build by the days that changed."""

    @pytest.fixture
    def published(self, build: str) -> str:
        """Three searches on each of two days, published."""
        put_searches(build, OLD_DAY, NEW_DAY, run=0)
        publish_marts(build)
        return build

    def test_what_it_has_is_what_it_had_and_what_came(self, published: str) -> None:
        put_searches(published, NEW_DAY, run=1, names="acx")
        applied = publish_marts(published, counts_all_rows=False).marts["fct_searches"]
        assert (applied.written_rows, applied.removed_rows, applied.total_rows) == (3, 0, 7)
        assert published_searches(published) == built_searches(published)
        put_searches(published, NEW_DAY, run=2, names="y")
        assert publish_marts(published, counts_all_rows=False).marts["fct_searches"].total_rows == 8

    @pytest.mark.parametrize("lost_from", ["marts", "marts_build"])
    def test_a_row_that_went_from_a_day_that_changed_is_found(self, published: str, lost_from: str) -> None:
        put_searches(published, NEW_DAY, run=1, names="x")
        lose_search(published, lost_from, f"{NEW_DAY} a")
        applied = publish_marts(published, counts_all_rows=False).marts["fct_searches"]
        assert published_searches(published) == built_searches(published)
        assert applied.total_rows == len(built_searches(published))

    @pytest.mark.parametrize("lost_from", ["marts", "marts_build"])
    def test_one_that_went_from_another_day_is_found_when_all_rows_are_counted(
        self, published: str, lost_from: str
    ) -> None:
        put_searches(published, NEW_DAY, run=1, names="x")
        lose_search(published, lost_from, f"{OLD_DAY} a")
        publish_marts(published, counts_all_rows=False)
        assert published_searches(published) != built_searches(published)
        applied = publish_marts(published).marts["fct_searches"]
        assert published_searches(published) == built_searches(published)
        assert applied.total_rows == len(built_searches(published))

    def test_a_table_built_anew_is_counted_as_a_whole(self, published: str) -> None:
        with building(published) as connection:
            connection.execute("delete from marts_build.fct_searches")
        put_searches(published, NEW_DAY, run=1)
        publish_marts(published, counts_all_rows=False)
        assert published_searches(published) == built_searches(published)

    @pytest.mark.parametrize(
        "forgotten", ["delete from control.published_marts", "update control.published_marts set row_count = null"]
    )
    def test_without_a_count_of_before_all_rows_are_counted(self, published: str, forgotten: str) -> None:
        put_searches(published, NEW_DAY, run=1, names="x")
        with connect(published) as connection:
            connection.execute(forgotten.encode())
        lose_search(published, "marts_build", f"{OLD_DAY} a")
        assert publish_marts(published, counts_all_rows=False).marts["fct_searches"].total_rows == 6
        assert published_searches(published) == built_searches(published)

    def test_a_mart_that_loses_rows_is_always_counted_as_a_whole(self, published: str) -> None:
        with building(published) as connection:
            connection.execute("delete from marts_build.fct_orders where order_id = 'b'")
        publish_marts(published, counts_all_rows=False)
        assert sorted(orders(published)) == ["a", "c"]


OLD_DAY, NEW_DAY = date(2026, 3, 2), date(2026, 3, 30)


def put_searches(warehouse_url: str, *days: date, run: int, names: str = "abc") -> None:
    """A search of each name on each of the days."""
    with building(warehouse_url) as connection:
        for day in days:
            for name in names:
                put_search(connection, f"{day} {name}", day, query=f"run {run}", run=run)


def lose_search(warehouse_url: str, schema: str, search_id: str) -> None:
    """Take a search from the marts or from their build."""
    with connect(warehouse_url) as connection:
        lost = connection.execute(f"delete from {schema}.fct_searches where search_id = %s".encode(), [search_id])
        assert lost.rowcount == 1


def published_searches(warehouse_url: str) -> list[dict[str, object]]:
    return read(warehouse_url, "select search_id, query from marts.fct_searches order by search_id")


def built_searches(warehouse_url: str) -> list[dict[str, object]]:
    return read(warehouse_url, "select search_id, query from marts_build.fct_searches order by search_id")


class TestRankHistory:
    def test_of_days_that_are_over_the_last_publication_stays_for_as_long_as_asked(self, build: str) -> None:
        ages = ("401 days", "400 days", "1 day 1 minute", "1 day", "0 days", "0 days")
        ids = [publish_marts(build).publication_id for _ in ages]
        with connect(build) as connection:
            for publication_id, age in zip(ids, ages, strict=True):
                # Noon, so that a minute earlier is the same day.
                connection.execute(
                    "update marts.publications set finished_at = case %(age)s when '0 days' then finished_at else"
                    " ((now() at time zone 'UTC')::date + interval '12 hours') at time zone 'UTC' - %(age)s::interval"
                    " end where publication_id = %(id)s",
                    {"age": age, "id": publication_id},
                )
        newest = publish_marts(build, rank_history_days=400).publication_id
        kept = read(build, "select distinct publication_id from marts.rank_prompts_history order by 1")
        assert [row["publication_id"] for row in kept] == [ids[1], ids[3], ids[4], ids[5], newest]

    def test_stays_whole_unless_asked(self, build: str) -> None:
        first = publish_marts(build)
        with connect(build) as connection:
            connection.execute("update marts.publications set finished_at = '2020-01-01'")
        publish_marts(build)
        history = read(build, "select distinct publication_id from marts.rank_prompts_history order by 1")
        assert history[0]["publication_id"] == first.publication_id


class TestRefusedPublication:
    def test_a_mart_without_a_key_is_named_and_the_one_before_stays(self, build: str) -> None:
        first = publish_marts(build)
        with building(build) as connection:
            put_order(connection, "d", run=1)
            connection.execute(
                "create table marts_build.fct_reviews (review text, _source_loaded_at int, _built_at int)"
            )
        with pytest.raises(PublicationRefused, match=r"marts_build\.fct_reviews a unique index"):
            publish_marts(build)
        assert sorted(orders(build)) == ["a", "b", "c"]
        with connect(build) as connection:
            state = read_current(connection)
        assert state is not None
        assert state.publication_id == first.publication_id

    def test_a_mart_without_technical_columns_is_named(self, build: str) -> None:
        with building(build) as connection:
            connection.execute("alter table marts_build.fct_orders drop column _source_loaded_at")
        with pytest.raises(PublicationRefused, match=r"_source_loaded_at to the model marts_build\.fct_orders"):
            publish_marts(build)

    def test_without_ranks_nothing_changes(self, build: str) -> None:
        publish_marts(build)
        with building(build) as connection:
            put_order(connection, "a", gross="99.00", run=1)
            connection.execute("delete from control.rankings")
        with pytest.raises(PublicationRefused, match="no ranks to publish"):
            publish_marts(build)
        assert orders(build)["a"] == "10.00"
        assert len(read(build, "select * from marts.publications")) == 1

    def test_one_that_broke_is_made_up_for_by_the_next(self, build: str) -> None:
        publish_marts(build)
        with building(build) as connection:
            put_order(connection, "a", gross="99.00", run=1)
            connection.execute(
                "alter table marts.publications add constraint broken check (as_of < '2000-01-01') not valid"
            )
        with pytest.raises(psycopg.errors.CheckViolation):
            publish_marts(build)
        assert orders(build)["a"] == "10.00"
        with building(build) as connection:
            connection.execute("alter table marts.publications drop constraint broken")
        publish_marts(build)
        assert orders(build)["a"] == "99.00"


class TestReaders:
    def test_see_whole_publications_only(self, build: str) -> None:
        """Every version says its number in two marts, the ranks and the publication's as-of."""
        versions = 15
        seen: set[tuple[object, ...]] = set()
        finished = threading.Event()

        def read_on() -> None:
            with connect(build) as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                while not finished.is_set():
                    with connection.transaction():
                        seen.add(read_version(connection))

        publish_version(build, 1)
        reader = threading.Thread(target=read_on)
        reader.start()
        for version in range(2, versions + 1):
            publish_version(build, version)
        finished.set()
        reader.join()
        assert seen <= {(version, version, version) for version in range(1, versions + 1)}
        assert len(seen) > 1

    def test_two_publishers_at_once_take_turns(self, build: str) -> None:
        publishers = [threading.Thread(target=publish_marts, args=[build]) for _ in range(3)]
        for publisher in publishers:
            publisher.start()
        for publisher in publishers:
            publisher.join()
        rows = read(build, "select status, count(*) as n from marts.publications group by 1 order by 1")
        assert [tuple(row.values()) for row in rows] == [("current", 1), ("superseded", 2)]


def publish_version(warehouse_url: str, version: int) -> None:
    with building(warehouse_url) as connection:
        put_order(connection, "a", gross=str(version), run=version)
        put_seller_day(connection, "seller", orders=version, run=version)
        rank(connection, ["p1", "p2"], as_of=run_at(version))
    publish_marts(warehouse_url)


def read_version(connection: psycopg.Connection[dict[str, object]]) -> tuple[object, ...]:
    """The version that each part says it is; read one after the other, with time for a publication between them."""
    parts = (
        "select gross_amount::int as version from marts.fct_orders where order_id = 'a'",
        "select order_count::int as version from marts.agg_sellers_performance_daily",
        "select (extract(epoch from as_of - '2026-04-01Z') / 3600)::int as version from marts.rank_prompts limit 1",
    )
    versions = []
    for part in parts:
        row = connection.execute(part.encode()).fetchone()
        versions.append(row["version"] if row else None)
    return tuple(versions)
