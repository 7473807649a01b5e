from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ranking.features import ACTIVITY_SCHEMA, PROMPT_SCHEMA, check_features
from warehouse.databases import connect
from warehouse.features import first_activity_date, read_activity, read_prompts

AS_OF = datetime(2026, 3, 10, 12, tzinfo=UTC)
WINDOW_DAYS = 7

TABLES = """
drop schema if exists marts_build cascade;
drop schema if exists staging cascade;
drop schema if exists features cascade;
create schema marts_build;
create schema features;
create schema staging;
create table staging.stg_app__decisions (
    decision_id text, kind text, prompt_id text, organization_id text, reason text, decided_at timestamptz,
    ended_at timestamptz, ends_at timestamptz
);
create table marts_build.dim_prompts (prompt_id text, published_at timestamptz, seller_organization_id text);
create table marts_build.dim_prompts_history (
    prompt_id text, category text, status text, valid_from timestamptz, valid_to timestamptz
);
create table marts_build.fct_impressions (
    prompt_id text, served_at timestamptz, served_date date, clicked_at timestamptz, clicked_person_id text,
    viewer_person_id text, is_counted boolean default true, impression_id text default gen_random_uuid()
);
-- As feat_prompts_daily makes it of all impressions.
create view features.feat_prompts_daily as
select prompt_id, activity_date, coalesce(impression_count, 0) as impression_count,
    coalesce(click_count, 0) as click_count, greatest(shown.latest_at, clicked.latest_at) as latest_at
from (
    select prompt_id, served_date as activity_date, greatest(max(served_at), max(clicked_at)) as latest_at,
        count(
            distinct coalesce(
                case when clicked_at is not null then clicked_person_id else viewer_person_id end, impression_id
            )
        ) as impression_count
    from marts_build.fct_impressions
    where is_counted
    group by 1, 2
) as shown
full join (
    select prompt_id, (clicked_at at time zone 'UTC')::date as activity_date, max(clicked_at) as latest_at,
        count(distinct coalesce(clicked_person_id, impression_id)) as click_count
    from marts_build.fct_impressions
    where is_counted and clicked_at is not null
    group by 1, 2
) as clicked using (prompt_id, activity_date);
create table marts_build.fct_orders (prompt_id text, order_id text, paid_at timestamptz, paid_date date);
create table marts_build.fct_refunds (
    prompt_id text, order_id text, refunded_at timestamptz, order_paid_date date
);
"""


@pytest.fixture
def marts(warehouse_url: str) -> Iterator["Marts"]:
    with connect(warehouse_url, autocommit=True) as connection:
        connection.execute(TABLES.encode())
    yield Marts(warehouse_url)


class Marts:
    """Facts written by hand, each by the moment it happened."""

    def __init__(self, url: str) -> None:
        self.url = url

    def _insert(self, table: str, *values: object) -> None:
        with connect(self.url) as connection:
            marks = ", ".join(["%s"] * len(values))
            connection.execute(f"insert into marts_build.{table} values ({marks})".encode(), values)

    def prompt(self, prompt_id: str, published_at: datetime, *, until: datetime | None = None) -> None:
        """A prompt on the market, which another state ends."""
        self._insert("dim_prompts", prompt_id, published_at, "seller")
        self.state(prompt_id, published_at, until)

    def state(
        self,
        prompt_id: str,
        valid_from: datetime,
        valid_to: datetime | None = None,
        *,
        status: str = "published",
        category: str = "writing",
    ) -> None:
        self._insert("dim_prompts_history", prompt_id, category, status, valid_from, valid_to)

    def decide(
        self,
        decided_at: datetime,
        *,
        kind: str = "ranking_hold",
        prompt_id: str | None = None,
        ended_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> None:
        with connect(self.url) as connection:
            connection.execute(
                "insert into staging.stg_app__decisions values ('d', %s, %s, 'seller', 'spam', %s, %s, %s)",
                [kind, prompt_id, decided_at, ended_at, ends_at],
            )

    def held(self) -> list[str]:
        return read_prompts(self.url, as_of=AS_OF).filter("is_held")["prompt_id"].to_list()

    def impression(
        self,
        served_at: datetime,
        *,
        clicked_at: datetime | None = None,
        clicked_by: str | None = None,
        shown_to: str | None = None,
    ) -> None:
        self._insert("fct_impressions", "p", served_at, served_at.date(), clicked_at, clicked_by, shown_to)

    def forget_impressions(self) -> None:
        with connect(self.url) as connection:
            connection.execute("truncate marts_build.fct_impressions")

    def order(self, order_id: str, paid_at: datetime) -> None:
        self._insert("fct_orders", "p", order_id, paid_at, paid_at.date())

    def refund(self, order_id: str, refunded_at: datetime, *, paid_at: datetime) -> None:
        self._insert("fct_refunds", "p", order_id, refunded_at, paid_at.date())

    def activity(self) -> pl.DataFrame:
        return read_activity(self.url, as_of=AS_OF, window_days=WINDOW_DAYS)


def activity_row(day: date, **counts: int) -> dict[str, object]:
    zeros = dict.fromkeys(("impression_count", "click_count", "order_count", "refund_count"), 0)
    return {"prompt_id": "p", "activity_date": day, **zeros, **counts}


def ago(**parts: float) -> datetime:
    return AS_OF - timedelta(**parts)


class TestReadActivity:
    def test_has_the_columns_a_ranking_takes(self, marts: Marts) -> None:
        marts.impression(ago(hours=1))
        marts.prompt("p", ago(days=9))
        activity, prompts = marts.activity(), read_prompts(marts.url, as_of=AS_OF)
        assert activity.schema == ACTIVITY_SCHEMA
        assert prompts.select(PROMPT_SCHEMA.names()).schema == PROMPT_SCHEMA
        check_features(prompts=prompts, activity=activity, as_of=AS_OF)

    def test_each_fact_counts_on_the_day_it_happened(self, marts: Marts) -> None:
        marts.impression(datetime(2026, 3, 8, 23, 59, tzinfo=UTC), clicked_at=datetime(2026, 3, 9, 0, 1, tzinfo=UTC))
        marts.order("o", datetime(2026, 3, 9, 5, tzinfo=UTC))
        expected = [
            activity_row(date(2026, 3, 8), impression_count=1),
            activity_row(date(2026, 3, 9), click_count=1, order_count=1),
        ]
        assert marts.activity().to_dicts() == expected

    def test_a_person_who_clicks_again_on_one_day_counts_once(self, marts: Marts) -> None:
        monday, tuesday = datetime(2026, 3, 9, 5, tzinfo=UTC), datetime(2026, 3, 10, 5, tzinfo=UTC)
        for minute in range(50):
            marts.impression(monday, clicked_at=monday + timedelta(minutes=minute), clicked_by="ann")
        marts.impression(monday, clicked_at=monday, clicked_by="bob")
        marts.impression(monday, clicked_at=tuesday, clicked_by="ann")
        clicks = {row["activity_date"]: row["click_count"] for row in marts.activity().to_dicts()}
        assert clicks == {monday.date(): 2, tuesday.date(): 1}

    def impressions(self, marts: Marts) -> dict[date, int]:
        return {row["activity_date"]: row["impression_count"] for row in marts.activity().to_dicts()}

    def test_a_person_who_is_shown_it_again_on_one_day_counts_once(self, marts: Marts) -> None:
        monday, tuesday = datetime(2026, 3, 9, 5, tzinfo=UTC), datetime(2026, 3, 10, 5, tzinfo=UTC)
        for second in range(50):
            marts.impression(monday + timedelta(seconds=second), shown_to="ann")
        marts.impression(monday, shown_to="bob")
        marts.impression(tuesday, shown_to="ann")
        assert self.impressions(marts) == {monday.date(): 2, tuesday.date(): 1}

    def test_what_nobody_known_is_shown_counts_each_time(self, marts: Marts) -> None:
        for _ in range(3):
            marts.impression(ago(days=1))
        assert self.impressions(marts) == {ago(days=1).date(): 3}

    def test_colleagues_who_click_in_the_lists_of_one_each_have_an_impression(self, marts: Marts) -> None:
        for person in ("ann", "bob", "eve"):
            marts.impression(ago(hours=2), shown_to="ann", clicked_at=ago(hours=1), clicked_by=person)
        marts.impression(ago(hours=2), shown_to="ann")
        [row] = marts.activity().to_dicts()
        assert (row["impression_count"], row["click_count"]) == (3, 3)

    def test_a_click_that_comes_later_changes_no_impression_of_before(self, marts: Marts) -> None:
        marts.impression(ago(hours=2), shown_to="ann")
        marts.impression(ago(hours=2), shown_to="ann", clicked_at=AS_OF + timedelta(hours=1), clicked_by="bob")
        assert self.impressions(marts) == {AS_OF.date(): 1}

    @example(shown=[("ann", None, True), ("ann", None, True)])
    @given(
        shown=st.lists(
            st.tuples(
                st.sampled_from(["ann", "bob", None]), st.sampled_from(["ann", "bob", "eve", None]), st.booleans()
            ),
            max_size=12,
        )
    )
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_no_day_has_more_clicks_than_impressions(self, marts: Marts, shown) -> None:
        marts.forget_impressions()
        for shown_to, clicked_by, is_clicked in shown:
            clicked = {"clicked_at": ago(hours=1), "clicked_by": clicked_by} if is_clicked else {}
            marts.impression(ago(hours=2), shown_to=shown_to, **clicked)
        rows = marts.activity().to_dicts()
        assert [row for row in rows if row["click_count"] > row["impression_count"]] == []

    def test_clicks_of_nobody_known_count_each(self, marts: Marts) -> None:
        for _ in range(3):
            marts.impression(ago(days=1), clicked_at=ago(days=1))
        assert marts.activity()["click_count"].to_list() == [3]

    def test_a_refund_counts_once_on_the_day_of_its_order(self, marts: Marts) -> None:
        paid_at = ago(days=3)
        marts.order("o", paid_at)
        marts.refund("o", ago(days=1), paid_at=paid_at)
        marts.refund("o", ago(hours=1), paid_at=paid_at)
        assert marts.activity().to_dicts() == [activity_row(paid_at.date(), order_count=1, refund_count=1)]

    def test_facts_at_or_after_the_moment_do_not_count(self, marts: Marts) -> None:
        marts.impression(ago(minutes=1))
        before = marts.activity()
        for moment in (AS_OF, AS_OF + timedelta(seconds=1), AS_OF + timedelta(days=3)):
            marts.impression(moment)
            marts.impression(ago(days=9), clicked_at=moment)
            marts.order(f"o {moment}", moment)
            marts.refund(f"r {moment}", moment, paid_at=ago(days=1))
        assert_frame_equal(marts.activity(), before)

    def test_facts_outside_the_window_are_not_read(self, marts: Marts) -> None:
        marts.order("old", ago(days=WINDOW_DAYS + 3))
        marts.order("young", ago(days=WINDOW_DAYS))
        assert marts.activity()["activity_date"].to_list() == [ago(days=WINDOW_DAYS).date()]

    def test_no_facts_are_an_empty_frame_of_the_same_shape(self, marts: Marts) -> None:
        assert marts.activity().schema == ACTIVITY_SCHEMA


class TestReadPrompts:
    def test_only_prompts_published_before_the_moment(self, marts: Marts) -> None:
        marts.prompt("old", ago(days=1))
        marts.prompt("now", AS_OF)
        marts.prompt("later", AS_OF + timedelta(days=1))
        assert read_prompts(marts.url, as_of=AS_OF)["prompt_id"].to_list() == ["old"]

    def test_archived_prompts_are_off_the_market(self, marts: Marts) -> None:
        marts.prompt("archived", ago(days=2), until=ago(days=1))
        marts.state("archived", ago(days=1), status="archived")
        assert read_prompts(marts.url, as_of=AS_OF).is_empty()

    def test_one_that_was_archived_later_was_on_it_in_its_category_of_then(self, marts: Marts) -> None:
        marts.prompt("archived", ago(days=2), until=AS_OF)
        marts.state("archived", AS_OF, status="archived", category="coding")
        [row] = read_prompts(marts.url, as_of=AS_OF).to_dicts()
        assert (row["prompt_id"], row["category"]) == ("archived", "writing")

    def test_one_that_came_back_later_was_not(self, marts: Marts) -> None:
        marts.prompt("back", ago(days=9), until=ago(days=2))
        marts.state("back", ago(days=2), AS_OF, status="archived")
        marts.state("back", AS_OF)
        assert read_prompts(marts.url, as_of=AS_OF).is_empty()


class TestHolds:
    def test_one_on_a_prompt_holds_that_prompt_and_says_why(self, marts: Marts) -> None:
        marts.prompt("held", ago(days=1))
        marts.prompt("other", ago(days=1))
        marts.decide(ago(hours=1), prompt_id="held")
        [row] = read_prompts(marts.url, as_of=AS_OF).filter("is_held").to_dicts()
        assert (row["prompt_id"], row["hold_reason"], row["decision_id"]) == ("held", "spam", "d")

    def test_one_on_a_seller_holds_all_its_prompts_once(self, marts: Marts) -> None:
        marts.prompt("a", ago(days=1))
        marts.prompt("b", ago(days=1))
        marts.decide(ago(hours=1))
        marts.decide(ago(hours=1), prompt_id="a")
        assert marts.held() == ["a", "b"]

    def test_one_on_money_holds_none(self, marts: Marts) -> None:
        marts.prompt("p", ago(days=1))
        marts.decide(ago(hours=1), kind="money_hold")
        assert marts.held() == []

    @pytest.mark.parametrize(
        ("times", "is_held"),
        [
            ({"decided_at": AS_OF}, False),
            ({"decided_at": ago(days=2), "ended_at": ago(days=1)}, False),
            ({"decided_at": ago(days=2), "ends_at": ago(days=1)}, False),
            ({"decided_at": ago(days=2), "ended_at": AS_OF + timedelta(days=1)}, True),
            ({"decided_at": ago(days=2), "ends_at": AS_OF + timedelta(days=1)}, True),
        ],
    )
    def test_only_one_in_force_at_the_moment_holds(
        self, marts: Marts, times: dict[str, datetime], is_held: bool
    ) -> None:
        marts.prompt("p", ago(days=3))
        marts.decide(**times)
        assert marts.held() == (["p"] if is_held else [])


class TestFirstActivityDate:
    def test_reaches_the_day_in_which_the_window_begins(self) -> None:
        assert first_activity_date(AS_OF, 7) == datetime(2026, 3, 2, tzinfo=UTC)

    def test_counts_days_in_utc(self) -> None:
        moment = datetime.fromisoformat("2026-03-10T00:30:00+02:00")
        assert first_activity_date(moment, 1) == datetime(2026, 3, 7, tzinfo=UTC)
