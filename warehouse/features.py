"""What a ranking is computed from, read out of the built marts: only facts from before the moment asked about."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from adbc_driver_postgresql import dbapi as adbc
from psycopg import sql

# Each kind of fact counts on the UTC day it happened; a refund counts on the day of the order it reverses, so that it
# takes away what the order gave, and an order refunded in parts counts as refunded once. However often a person clicks
# on a prompt on one day, in however many lists, is one click, and however often it was shown to that person is one
# impression: nobody makes a prompt rise or fall alone. An impression is of whoever clicked in it, else of whom it was
# shown to, so that no click lacks its impression; what was shown to nobody known counts each time. All of that is
# counted already (feat_prompts_daily) for the days of which nothing happened after the moment asked about: only the
# others are counted here, from the facts.
ACTIVITY = """
with days as (
    select prompt_id, activity_date, impression_count, click_count, latest_at < {as_of} as is_settled
    from features.feat_prompts_daily
    where activity_date >= {first_date} and latest_at is not null
),
open_days as (
    select prompt_id, activity_date from days where not is_settled
),
impressions as (
    select prompt_id, activity_date, impression_count
    from days
    where is_settled and impression_count > 0
    union all
    select prompt_id, served_date as activity_date,
        count(
            distinct coalesce(
                case when clicked_at < {as_of} then clicked_person_id else viewer_person_id end, impression_id
            )
        ) as impression_count
    from marts_build.fct_impressions
    where served_at < {as_of} and is_counted and (prompt_id, served_date) in (select * from open_days)
    group by 1, 2
),
clicks as (
    select prompt_id, activity_date, click_count
    from days
    where is_settled and click_count > 0
    union all
    select prompt_id, (clicked_at at time zone 'UTC')::date as activity_date,
        count(distinct coalesce(clicked_person_id, impression_id)) as click_count
    from marts_build.fct_impressions
    where clicked_at < {as_of} and is_counted
        -- A day in this session is one of UTC.
        and clicked_at >= (select min(activity_date) from open_days)
        and (prompt_id, (clicked_at at time zone 'UTC')::date) in (select * from open_days)
    group by 1, 2
),
orders as (
    select prompt_id, paid_date as activity_date, count(*) as order_count
    from marts_build.fct_orders
    where paid_at < {as_of} and paid_date >= {first_date}
    group by 1, 2
),
refunds as (
    select prompt_id, order_paid_date as activity_date, count(distinct order_id) as refund_count
    from marts_build.fct_refunds
    where refunded_at < {as_of} and order_paid_date >= {first_date}
    group by 1, 2
)
select
    prompt_id,
    activity_date,
    coalesce(impression_count, 0) as impression_count,
    coalesce(click_count, 0) as click_count,
    coalesce(order_count, 0) as order_count,
    coalesce(refund_count, 0) as refund_count
from impressions
full join clicks using (prompt_id, activity_date)
full join orders using (prompt_id, activity_date)
full join refunds using (prompt_id, activity_date)
order by prompt_id, activity_date
"""

# A prompt is on the market when the state it was in says so, and in the category of then: one that was archived later
# was there. A hold counts from its decision until it ended, by a person or by itself. Holds on money are none of the
# ranking's.
PROMPTS = """
with holds as (
    select decision_id, prompt_id, organization_id, reason
    from staging.stg_app__decisions
    where kind = 'ranking_hold' and decided_at < {as_of}
        and coalesce(ended_at >= {as_of}, true) and coalesce(ends_at >= {as_of}, true)
)
select prompts.prompt_id, states.category, prompts.published_at, hold.decision_id, hold.reason as hold_reason,
    hold.decision_id is not null as is_held
from marts_build.dim_prompts as prompts
inner join marts_build.dim_prompts_history as states
    on prompts.prompt_id = states.prompt_id
    and states.valid_from < {as_of} and coalesce(states.valid_to >= {as_of}, true)
left join lateral (
    select decision_id, reason
    from holds
    where holds.prompt_id = prompts.prompt_id
        or (holds.prompt_id is null and holds.organization_id = prompts.seller_organization_id)
    order by decision_id
    limit 1
) as hold on true
where states.status = 'published' and prompts.published_at < {as_of}
order by prompts.prompt_id
"""


def read_activity(warehouse_url: str, *, as_of: datetime, window_days: int) -> pl.DataFrame:
    """One row per prompt and UTC day: impressions, clicks, orders and refunded orders strictly before `as_of`.

    Columns: prompt_id, activity_date, impression_count, click_count, order_count, refund_count (64-bit integers).
    Reaches back `window_days` days.
    """
    first_date = first_activity_date(as_of, window_days)
    return _read(warehouse_url, ACTIVITY, as_of=as_of, first_date=first_date)


def read_prompts(warehouse_url: str, *, as_of: datetime) -> pl.DataFrame:
    """One row per prompt that was on the market just before `as_of`: prompt_id, category of then, published_at (UTC).

    With `is_held` and, where it is true, the `decision_id` and `hold_reason` that keep it out of rankings.
    """
    return _read(warehouse_url, PROMPTS, as_of=as_of)


def first_activity_date(as_of: datetime, window_days: int) -> datetime:
    """Midnight (UTC) of the earliest day that any part of a window of `window_days` days before `as_of` falls into."""
    day = as_of.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    # A day is as old as its last instant, so the window's first day is the one before its first midnight.
    return day - timedelta(days=window_days + 1)


def _read(warehouse_url: str, statement: str, **moments: datetime) -> pl.DataFrame:
    literals: dict[str, Any] = {name: sql.Literal(moment.astimezone(UTC)) for name, moment in moments.items()}
    with adbc.connect(warehouse_url) as connection, connection.cursor() as cursor:
        cursor.execute("set local timezone to 'UTC'")
        cursor.execute(sql.SQL(statement).format(**literals).as_string(None))
        frame = pl.from_arrow(cursor.fetch_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame
