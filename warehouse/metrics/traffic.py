"""Metrics of what is shown, opened and looked for."""

from warehouse.metrics.definition import Measure, Metric
from warehouse.metrics.source import PERFORMANCE, SEARCH_TERMS, SEARCHES, SESSIONS, SESSIONS_28D, WINDOW_DAYS

OWNER = "marketplace"

IMPRESSIONS = Measure("impressions", "sum", "impression_count")
CLICKS = Measure("clicks", "sum", "click_count")
_SESSIONS = Measure("sessions", "count", "*")
_KNOWN_SEARCHES = Measure("searches_with_known_result", "count", "result_count")


def _count(slug: str, label: str, measure: Measure, leaves_out: str) -> Metric:
    return Metric(slug, label, "count", measure, PERFORMANCE, OWNER, leaves_out, is_additive=True)


def _session_rate(slug: str, label: str, measure: Measure, leaves_out: str) -> Metric:
    return Metric(
        slug, label, "ratio", measure, SESSIONS, OWNER, leaves_out, denominator=_SESSIONS, has_interval=True
    )  # fmt: skip


TRAFFIC: tuple[Metric, ...] = (
    _count(
        "impression_count",
        "Impressions",
        IMPRESSIONS,
        "Lists answered without a receipt, and what was shown to bots, to operators and to the prompt's own seller. An "
        "item far down a list counts although nobody may have looked at it.",
    ),
    _count(
        "click_count",
        "Clicks",
        CLICKS,
        "Clicks of bots, of operators and of the prompt's own seller, clicks that name no served list or one that was "
        "shown to somebody else, and every click on the same item of the same list after the first. "
        "A click counts on the day its list was served.",
    ),
    _count(
        "view_count",
        "Views",
        Measure("views", "sum", "view_count"),
        "Views by bots, by operators and by the prompt's own seller. Reading the same prompt twice is two views.",
    ),
    Metric(
        "unique_viewer_count",
        "Unique viewers",
        "persons",
        Measure("unique_viewers", "sum", "unique_viewer_count"),
        PERFORMANCE,
        OWNER,
        "Views that don't count as such, and those without user, anonymous id and visit. A visitor who logs in is one "
        "person, also in what was looked at before; of devices nobody logged in on, each is one. Holds for one day "
        "only: summing days counts a person again.",
    ),
    Metric(
        "unique_viewer_count_28d",
        "Unique viewers in 28 days",
        "persons",
        Measure("viewers", "count_distinct", "person_id", "view_count > 0"),
        SESSIONS_28D,
        OWNER,
        "Who looked at no prompt in the 28 days up to the day, bots and operators. A view counts on the day its visit "
        "began, and a seller who looks at a prompt of its own counts here too.",
        window_days=WINDOW_DAYS,
    ),
    _count(
        "checkout_count",
        "Checkouts",
        Measure("checkouts", "sum", "checkout_count"),
        "Those of bots and operators, and orders that were paid without a checkout event, such as imported ones.",
    ),
    Metric(
        "click_through_rate",
        "Click-through rate",
        "ratio",
        CLICKS,
        PERFORMANCE,
        OWNER,
        "Clicks from elsewhere than a served list. Not corrected for the position an item was shown at.",
        denominator=IMPRESSIONS,
        has_interval=True,
    ),
    Metric(
        "session_count",
        "Visits",
        "count",
        _SESSIONS,
        SESSIONS,
        OWNER,
        "Visits of bots and operators. Half an hour in which a person does nothing ends a visit; it counts on the day "
        "it began.",
        is_additive=True,
    ),
    _session_rate(
        "viewing_session_rate",
        "Visits with a view",
        Measure("viewing_sessions", "count", "1", "view_count > 0"),
        "Visits that do not count. Of the others, the share in which a prompt was looked at.",
    ),
    _session_rate(
        "buying_session_rate",
        "Visits with an order",
        Measure("buying_sessions", "count", "1", "order_count > 0"),
        "Visits that do not count, and orders nobody came to the marketplace for, such as imported ones. Two orders in "
        "a visit are one visit with an order.",
    ),
    Metric(
        "search_count",
        "Searches",
        "count",
        Measure("searches", "count", "*"),
        SEARCHES,
        OWNER,
        "Searches by bots and operators. The next page of a search is another search.",
        is_additive=True,
    ),
    Metric(
        "search_zero_result_rate",
        "Searches without result",
        "ratio",
        Measure("searches_without_result", "count", "1", "is_without_result"),
        SEARCHES,
        OWNER,
        "Searches by bots and operators, and those whose sender did not say how much was found.",
        denominator=_KNOWN_SEARCHES,
        has_interval=True,
    ),
    Metric(
        "searched_term_count",
        "Search terms",
        "count",
        Measure("searched_terms", "count", "*"),
        SEARCH_TERMS,
        OWNER,
        "Searches by bots and operators, and searches for nothing. Texts that differ in case and spaces alone are one "
        "term. Holds for one day only: summing days counts a term again.",
    ),
)
