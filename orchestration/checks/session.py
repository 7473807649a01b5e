"""What must agree before marts are published: that everything people did is in a session, once, with the raw events."""

from orchestration.checks.reconciliation import Reconciliation
from orchestration.checks.traffic import DEVICE_ID, IS_COUNTED, JOIN_PERSONS, PERSON_ID, days_of, events_in_scope

# As `int_activities_recorded` takes them.
DONE = f"""
    event_name not in ('api.requested', 'order.refunded') and (events.user_id is not null or {DEVICE_ID} is not null)
"""
# What of it has a column of its own.
COUNTS = {
    "view_count": "prompt.viewed",
    "click_count": "prompt.clicked",
    "search_count": "search.performed",
    "order_count": "order.paid",
}
COLUMNS = ", ".join(COUNTS)
SUMS = ", ".join(f"sum({count}) as {count}" for count in COUNTS)
ONES = ", ".join(f"({IS_COUNTED} and event_name = '{name}')::int as {count}" for count, name in COUNTS.items())
ACTIVITIES = events_in_scope(DONE, columns=f"{PERSON_ID} as person_id, {ONES},", joins=JOIN_PERSONS)
ENDED_DATE = "(sessions.ended_at at time zone 'UTC')::date"

# Most sessions lie within a day. What was done in those that go on over midnight is counted for the day it was done on.
FCT_SESSIONS_RAW = Reconciliation(
    table="fct_sessions",
    name="fct_sessions_reconciles_with_raw_events",
    description="Of every day, as many activities, by kind, in sessions as people were seen with.",
    expected=f"""
        select day as activity_date, count(*) as event_count, {SUMS}
        from ({events_in_scope(DONE, columns=f"{ONES},")}) as activities
        group by day
    """,  # nosec B608
    found=f"""
        select activity_date, sum(event_count) as event_count, {SUMS}
        from (
            select started_date as activity_date, event_count, {COLUMNS}
            from marts_build.fct_sessions as sessions
            where started_date = {ENDED_DATE} and {{sessions.started_at on scope}}
            union all
            select activities.day, 1, {", ".join(f"activities.{count}" for count in COUNTS)}
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
    measures=("event_count", *COUNTS),
    scope=days_of(DONE, "marts_build.fct_sessions", "started_date"),
)

SESSION_RECONCILIATIONS = (FCT_SESSIONS_RAW,)
