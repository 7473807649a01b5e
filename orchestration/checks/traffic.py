"""What must agree before marts are published: what was done, as facts and days count it, with the raw events."""

from collections.abc import Mapping, Sequence

from orchestration.checks.reconciliation import Reconciliation

# As `is_counted_event` says it in the models: not of bots, of operators, of sellers with their own prompts.
IS_COUNTED = """(
    events.agent is distinct from 'bot' and events.is_staff is not true and events.is_own is not true
)"""
DEVICE_ID = "coalesce('anonymous:' || nullif(events.anonymous_id, ''), 'session:' || nullif(events.session_id, ''))"
# Whose an event was is taken from the history of devices, which has no figures of its own.
PERSON_ID = f"coalesce(events.user_id, persons.user_id, {DEVICE_ID})"
JOIN_PERSONS = f"""
    left join intermediate.int_persons_stitched as persons
        on
            events.user_id is null and persons.device_id = {DEVICE_ID} and events.occurred_at >= persons.valid_from
            and (events.occurred_at < persons.valid_to or persons.valid_to is null)
"""
DAY = "(events.occurred_at at time zone 'UTC')::date"
# The index has when events were received. The planner would take when they happened for something unrelated to that,
# expect a hundredth of them, and look up each person by itself: in a `case` it takes half of them.
HAPPENED_IN_SCOPE = (
    "{events.received_at since scope} and case when {events.occurred_at on scope} then true else false end"
)
SEARCH_TERM = r"nullif(trim(left(lower(regexp_replace(events.query, '[ \t\r\n]+', ' ', 'g')), 200)), '')"
KNOWN_PROMPTS = "(select prompt_id from raw_app.prompts)"

Measures = Mapping[str, tuple[str, str]]


def events_in_scope(condition: str, *, columns: str = "", joins: str = "") -> str:
    """A query for the raw events that meet a condition, each with its `day`."""
    return f"""
        select events.*, {columns} {DAY} as day
        from raw_events.events as events {joins}
        where {condition} and {HAPPENED_IN_SCOPE}
    """  # nosec B608


def days_of(condition: str, built: str, day: str) -> str:
    """Days of which an event that meets the condition was loaded, or of which such a row was built as `built` has it.

    `built` is a table and, after a `where`, which of its rows.
    """
    table, _, some = built.partition(" where ")
    return f"""
        select {DAY} from raw_events.events as events where _loaded_at > {{loaded_through}} and {condition}
        union
        select {day} from {table} where _built_at > {{built_through}} and {some or "true"}
    """  # nosec B608


def days_changed(table: str, day: str, key: Sequence[str], measures: Sequence[str]) -> str:
    """Days of which a row of the mart was built that has other measures than the one published before.

    `table` is the mart and, after a `where`, which of its rows.

    An order changes rows of the days on which its buyer was shown what it is for, but nothing that events are counted
    for: those days need not be compared with their events again.
    """
    mart, _, some = table.partition(" where ")
    other = " or ".join(f"built.{name} is distinct from published.{name}" for name in measures)
    same = " and ".join(f"built.{name} = published.{name}" for name in (*key, day))
    return f"""
        select built.{day} from marts_build.{mart} as built left join marts.{mart} as published on {same}
        where built._built_at > {{built_through}} and {some or "true"} and ({other})
    """  # nosec B608


def reconcile_days(
    table: str,
    day: str,
    measures: Measures,
    *,
    condition: str,
    description: str,
    rows: str | None = None,
    moment: str | None = None,
    scope: str | None = None,
    key: Sequence[str] = (),
    named: str = "raw_events",
) -> Reconciliation:
    """What a mart has of every day, with what the raw events that meet the condition have.

    Each measure is what to count of the events, and what to count of the mart. `rows` is the query for the events where
    it is another than `events_in_scope`; with a `moment` an index of the mart is used. Days of which the mart was built
    are compared, by default. Days of nothing have no row.
    """
    keys = [*key, day]
    some = " or ".join(f"{name} <> 0" for name in measures)
    raw, found = (", ".join(f"{pair[side]} as {name}" for name, pair in measures.items()) for side in (0, 1))
    in_scope = f"{{{moment} on scope}}" if moment else f"{{{day} in scope}}"
    return Reconciliation(
        table=table,
        name=f"{table}_reconciles_with_{named}",
        description=description,
        expected=f"""
            select * from (
                select {"".join(f"events.{name}, " for name in key)} events.day as {day}, {raw}
                from ({rows or events_in_scope(condition)}) as events
                group by {", ".join([*(f"events.{name}" for name in key), "events.day"])}
            ) as counted where {some}
        """,  # nosec B608
        found=f"""
            select * from (
                select {", ".join(keys)}, {found}
                from marts_build.{table} where {in_scope}
                group by {", ".join(keys)}
            ) as counted where {some}
        """,  # nosec B608
        key=tuple(keys),
        measures=tuple(measures),
        scope=scope or days_of(condition, f"marts_build.{table}", day),
    )


SERVED = "event_name = 'results.served'"
PLACES = f"""
    select distinct
        events.source,
        events.properties ->> 'receipt_id' as receipt_id,
        (item ->> 'position')::bigint as position,
        item ->> 'prompt_id' as prompt_id,
        {DAY} as day
    from raw_events.events
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof(events.properties -> 'items') = 'array' then events.properties -> 'items' end
    ) as item
    where {SERVED}
        and {HAPPENED_IN_SCOPE}
        and events.properties ->> 'receipt_id' is not null
        and item ->> 'position' ~ '^[0-9]{{1,9}}$'
        and item ->> 'prompt_id' in {KNOWN_PROMPTS}
"""  # nosec B608
VISITED = "event_name in ('prompt.viewed', 'checkout.started')"
_OF_PROMPTS_OR_ORDERS = events_in_scope(
    f"{VISITED} and {IS_COUNTED}",
    columns=f"coalesce(events.prompt_id, orders.prompt_id) as known_prompt_id, {PERSON_ID} as person_id,",
    joins=f"""
        left join raw_app.orders
            on event_name = 'checkout.started' and events.properties ->> 'order_id' = orders.order_id
        {JOIN_PERSONS}
    """,
)
VISITS = f"select * from ({_OF_PROMPTS_OR_ORDERS}) as visits where known_prompt_id in {KNOWN_PROMPTS}"  # nosec B608
SEARCHED = "event_name = 'search.performed'"
_RESULT_COUNT = "events.properties ->> 'result_count'"
RESULT_COUNT = f"case when {_RESULT_COUNT} ~ '^[0-9]{{1,9}}$' then ({_RESULT_COUNT})::bigint end"
_QUERY = """
    case
        when jsonb_typeof(events.properties -> 'query') not in ('object', 'array') then events.properties ->> 'query'
    end as query,
"""
_QUERIES = events_in_scope(
    f"{SEARCHED} and {IS_COUNTED}", columns=f"{_QUERY} {PERSON_ID} as person_id,", joins=JOIN_PERSONS
)
TERMS = f"select events.*, {SEARCH_TERM} as search_term from ({_QUERIES}) as events"  # nosec B608
_ANSWERED = events_in_scope(SERVED, columns=_QUERY)
# One that was purchased is built anew for each order of its buyer: its day counts if it has other clicks than before.
CLICKED_DAYS = f"""
    select served_date from marts_build.fct_impressions where _built_at > {{built_through}} and not is_purchased
    union
    {
    days_changed(
        "fct_impressions where built.is_purchased", "served_date", ("impression_id",), ("is_clicked", "is_counted")
    )
}
    union
    {days_of(SERVED, "marts_build.agg_search_terms_daily", "searched_date")}
"""  # nosec B608
# A list that was reported twice is one, and who looked at it and clicked is taken from the impressions.
SEARCH_CLICKS = Reconciliation(
    table="agg_search_terms_daily",
    name="agg_search_terms_daily_reconciles_with_raw_lists",
    description="Of every day, as many clicks as impressions have in the lists that answered a search.",
    expected=f"""
        select impressions.served_date as searched_date, count(*) as click_count
        from (
            select distinct events.source, events.properties ->> 'receipt_id' as receipt_id, day, {SEARCH_TERM} as term
            from ({_ANSWERED}) as events
        ) as lists
        inner join marts_build.fct_impressions as impressions
            on
                lists.receipt_id = impressions.receipt_id and lists.source = impressions.source
                and lists.day = impressions.served_date
        where
            lists.term is not null and impressions.is_clicked and impressions.is_counted
            and {{impressions.served_at on scope}}
        group by impressions.served_date
    """,  # nosec B608
    found="""
        select searched_date, sum(click_count) as click_count
        from marts_build.agg_search_terms_daily where click_count <> 0 and {searched_date in scope}
        group by searched_date
    """,
    key=("searched_date",),
    measures=("click_count",),
    scope=CLICKED_DAYS,
)
COUNT = "count(*)"

TRAFFIC_RECONCILIATIONS = (
    reconcile_days(
        "fct_impressions",
        "served_date",
        {"impression_count": (COUNT, COUNT)},
        condition=SERVED,
        rows=PLACES,
        moment="served_at",
        # One with a click is built anew for each purchase: whether it has those is compared with `int_orders_credited`.
        scope=days_of(SERVED, "marts_build.fct_impressions where not is_clicked", "served_date"),
        key=("source",),
        description="Per source and day, as many impressions as lists had places, each place of a list once.",
    ),
    reconcile_days(
        "agg_prompts_performance_daily",
        "performance_date",
        {
            "view_count": ("count(*) filter (where event_name = 'prompt.viewed')", "sum(view_count)"),
            "checkout_count": ("count(*) filter (where event_name = 'checkout.started')", "sum(checkout_count)"),
            "unique_viewer_count": (
                "count(distinct (known_prompt_id, person_id))"
                " filter (where event_name = 'prompt.viewed' and person_id is not null)",
                "sum(unique_viewer_count)",
            ),
        },
        condition=VISITED,
        rows=VISITS,
        scope=f"""
            {days_of(VISITED, "intermediate.int_visits_counted", "visited_date")}
            union
            {
            days_changed(
                "agg_prompts_performance_daily",
                "performance_date",
                ("prompt_id", "currency"),
                ("view_count", "checkout_count", "unique_viewer_count"),
            )
        }
        """,
        description="Of every day, as many views, checkouts and viewers of known prompts as those who count were.",
    ),
    reconcile_days(
        "fct_searches",
        "searched_date",
        {
            "search_count": (COUNT, COUNT),
            "counted_search_count": (f"count(*) filter (where {IS_COUNTED})", "count(*) filter (where is_counted)"),
            "known_result_count": (f"count({RESULT_COUNT})", "count(result_count)"),
            "zero_result_count": (
                f"count(*) filter (where {RESULT_COUNT} = 0)",
                "count(*) filter (where is_without_result)",
            ),
        },
        condition=SEARCHED,
        moment="searched_at",
        description="Of every day, as many searches as were sent, of them that count, and of those that found nothing.",
    ),
    reconcile_days(
        "agg_search_terms_daily",
        "searched_date",
        {
            "search_count": ("count(search_term)", "sum(search_count)"),
            "searched_term_count": ("count(distinct search_term)", "count(*) filter (where search_count > 0)"),
            "zero_result_count": (
                f"count(search_term) filter (where {RESULT_COUNT} = 0)",
                "sum(zero_result_count)",
            ),
            "unique_searcher_count": (
                "count(distinct (search_term, person_id))"
                " filter (where search_term is not null and person_id is not null)",
                "sum(unique_searcher_count)",
            ),
        },
        condition=SEARCHED,
        rows=TERMS,
        description="Of every day, as many terms, searches for them, without a result too, and searchers as were sent.",
    ),
    reconcile_days(
        "fct_prompt_runs",
        "ran_date",
        {
            "run_count": (COUNT, COUNT),
            "executed_count": (
                "count(*) filter (where event_name = 'prompt.executed')",
                "count(*) filter (where is_executed)",
            ),
            "counted_run_count": (f"count(*) filter (where {IS_COUNTED})", "count(*) filter (where is_counted)"),
        },
        condition="event_name in ('prompt.rendered', 'prompt.executed') and events.prompt_id is not null",
        description="Of every day, as many uses of prompts as were sent, runs by a model, and those that count.",
    ),
    SEARCH_CLICKS,
)
