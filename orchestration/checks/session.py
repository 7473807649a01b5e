"""What must agree before marts are published: that everything people did is in a session, once, with the raw events."""

from orchestration.checks.reconciliation import Reconciliation
from orchestration.checks.traffic import DEVICE_ID, IS_COUNTED, JOIN_PERSONS, PERSON_ID, days_of, events_in_scope

# As `int_activities_recorded` takes them.
DONE = f"""
    event_name not in ('api.requested', 'order.refunded') and (events.user_id is not null or {DEVICE_ID} is not null)
"""
ACTIVITIES = events_in_scope(
    DONE,
    columns=f"""
        {PERSON_ID} as person_id,
        ({IS_COUNTED} and event_name = 'prompt.viewed')::int as is_view,
        ({IS_COUNTED} and event_name = 'order.paid')::int as is_order,
    """,
    joins=JOIN_PERSONS,
)
ENDED_DATE = "(sessions.ended_at at time zone 'UTC')::date"

# Most sessions lie within a day. What was done in those that go on over midnight is counted for the day it was done on.
FCT_SESSIONS_RAW = Reconciliation(
    table="fct_sessions",
    name="fct_sessions_reconciles_with_raw_events",
    description="Of every day, as many activities, views and orders in sessions as people were seen with.",
    expected=f"""
        select day as activity_date, count(*) as event_count, sum(is_view) as view_count, sum(is_order) as order_count
        from ({ACTIVITIES}) as activities
        group by day
    """,  # nosec B608
    found=f"""
        select activity_date, sum(event_count) as event_count, sum(view_count) as view_count,
            sum(order_count) as order_count
        from (
            select started_date as activity_date, event_count, view_count, order_count
            from marts_build.fct_sessions as sessions
            where started_date = {ENDED_DATE} and {{sessions.started_at since scope}} and {{started_date in scope}}
            union all
            select activities.day, 1, is_view, is_order
            from marts_build.fct_sessions as sessions
            inner join ({ACTIVITIES}) as activities
                on
                    sessions.person_id = activities.person_id
                    and activities.occurred_at between sessions.started_at and sessions.ended_at
            where sessions.started_date <> {ENDED_DATE} and {{sessions.ended_at since scope}}
        ) as counted
        group by activity_date
    """,  # nosec B608
    key=("activity_date",),
    measures=("event_count", "view_count", "order_count"),
    scope=days_of(DONE, "fct_sessions", "started_date"),
)

SESSION_RECONCILIATIONS = (FCT_SESSIONS_RAW,)
