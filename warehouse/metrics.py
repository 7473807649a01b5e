"""The metric registry: what each figure means, once.

Readers compute from it, pages label with it, `docs/metrics.md` is made of it. A formula is SQL over rows of
`marts.agg_prompts_performance_daily` or `marts.agg_sellers_performance_daily` in one currency.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Literal

Unit = Literal["count", "currency", "ratio", "persons"]

DAILY_GRAIN = "prompt or seller organization, UTC day, currency"
# The marts keep the share of clicks that led to an order; times the clicks, that is the whole number it was made from.
PURCHASED_CLICKS = "sum(round(coalesce(conversion_rate, 0) * click_count))"

DOCUMENT = Path("docs/metrics.md")

# The standard normal quantile of a two-sided interval at 95 %.
Z_95 = 1.959963984540054


class MetricUnknown(LookupError):
    """No metric has the slug asked for; the message ends with it."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: how it is computed, whose it is, and what it does not count."""

    slug: str
    label: str
    unit: Unit
    formula: str
    grain: str
    is_additive: bool
    owner: str
    leaves_out: str


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds of a rate, both 0-1."""

    low: float
    high: float


def wilson_interval(successes: int, trials: int, *, z: float = Z_95) -> Interval | None:
    """The score interval of a rate at the confidence of `z`, or None without trials.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), pages 209-212. Raises `ValueError` for counts that make no rate.

    Unlike rate +- z standard errors it stays inside 0-1 and is sound for few trials and rates near 0, which is what
    click-through rates are. It takes trials as independent: one buyer who sees a prompt often makes it too narrow.
    """
    if trials < 0 or not 0 <= successes <= max(trials, 0):
        raise ValueError(f"a rate needs 0 <= successes <= trials, got {successes} of {trials}")
    if trials == 0:
        return None
    rate = successes / trials
    weight = z * z / trials
    center = (rate + weight / 2) / (1 + weight)
    half_width = z * sqrt(rate * (1 - rate) / trials + weight / (4 * trials)) / (1 + weight)
    # At 0 and at 1 the bound is exact; rounding must not push it outside.
    low = 0.0 if successes == 0 else max(0.0, center - half_width)
    high = 1.0 if successes == trials else min(1.0, center + half_width)
    return Interval(low, high)


def _count(slug: str, label: str, leaves_out: str, *, owner: str = "marketplace") -> Metric:
    return Metric(slug, label, "count", f"sum({slug})", DAILY_GRAIN, True, owner, leaves_out)


def _amount(slug: str, label: str, leaves_out: str) -> Metric:
    return Metric(slug, label, "currency", f"sum({slug})", DAILY_GRAIN, True, "commerce", leaves_out)


METRICS: tuple[Metric, ...] = (
    _count(
        "impression_count",
        "Impressions",
        "Lists answered without a receipt, and what was shown to bots, to operators and to the prompt's own seller. An "
        "item far down a list counts although nobody may have looked at it.",
    ),
    _count(
        "click_count",
        "Clicks",
        "Clicks of bots, of operators and of the prompt's own seller, clicks that name no served list or one that was "
        "shown to somebody else, and every click on the same item of the same list after the first. "
        "A click counts on the day its list was served.",
    ),
    _count(
        "view_count",
        "Views",
        "Views by bots, by operators and by the prompt's own seller. Reading the same prompt twice is two views.",
    ),
    Metric(
        "unique_viewer_count",
        "Unique viewers",
        "persons",
        "unique_viewer_count",
        DAILY_GRAIN,
        False,
        "marketplace",
        "Views that don't count as such, and those without user, anonymous id and visit. A visitor who logs in is one "
        "person, also in what was looked at before; of devices nobody logged in on, each is one. Holds for one day "
        "only: summing days counts a person again, so longer ranges have no such figure.",
    ),
    _count(
        "checkout_count",
        "Checkouts",
        "Those of bots and operators, and orders that were paid without a checkout event, such as imported ones.",
    ),
    _count(
        "order_count",
        "Orders",
        "Orders never paid. A refunded order stays an order, on the day it was paid.",
        owner="commerce",
    ),
    _count(
        "refund_count",
        "Refunds",
        "Refunds pending or failed. A refund counts on the day of the order it reverses, so past days change; "
        "`fct_refunds` has the day it happened.",
        owner="commerce",
    ),
    _amount("gross_revenue_amount", "Gross revenue", "Orders never paid. Taxes, fees and refunds are not deducted."),
    _amount("refunded_amount", "Refunded", "Refunds pending or failed. Counts on the day of the order it reverses."),
    _amount(
        "net_revenue_amount",
        "Net revenue",
        "Fees: they are in `fct_orders`. It is gross revenue less what was refunded, on the day of the order.",
    ),
    Metric(
        "click_through_rate",
        "Click-through rate",
        "ratio",
        "cast(sum(click_count) as double precision) / nullif(sum(impression_count), 0)",
        DAILY_GRAIN,
        False,
        "marketplace",
        "Clicks from elsewhere than a served list. Not corrected for the position an item was shown at.",
    ),
    Metric(
        "conversion_rate",
        "Conversion rate",
        "ratio",
        f"cast({PURCHASED_CLICKS} as double precision) / nullif(sum(click_count), 0)",
        DAILY_GRAIN,
        False,
        "commerce",
        "Orders that followed no click on a served list, so it is not orders / clicks. An order belongs to the buyer's "
        "last click on that prompt in the 7 days before it.",
    ),
)

_BY_SLUG = {metric.slug: metric for metric in METRICS}


def metric(slug: str) -> Metric:
    """The metric of a slug, or `MetricUnknown`."""
    try:
        return _BY_SLUG[slug]
    except KeyError:
        raise MetricUnknown(f"no metric has the slug {slug}") from None


def render_document(metrics: Sequence[Metric] = METRICS) -> str:
    """The registry as the Markdown of `docs/metrics.md`."""
    lines = [
        "# Metrics",
        "",
        "What the figures in the API, the dashboards and the marts mean. Made from `warehouse/metrics.py` by",
        "`python -m warehouse.metrics`; edit there.",
        "",
        "A formula runs over rows of `marts.agg_prompts_performance_daily` or `marts.agg_sellers_performance_daily` of",
        "one currency: amounts of different currencies are never added, and a rate over several days is computed from",
        "the counts of those days. Events that a sender samples count as sent, not weighted by `sample_rate`. Rates",
        "shown with an interval carry Wilson's 95 % score interval.",
    ]
    for entry in metrics:
        lines += ["", f"## {entry.label}", "", *_facts(entry)]
    return "\n".join(lines) + "\n"


def _facts(entry: Metric) -> list[str]:
    additive = "yes" if entry.is_additive else "no: recompute it, never sum or average it"
    return [
        "| | |",
        "| --- | --- |",
        f"| slug | `{entry.slug}` |",
        f"| unit | {entry.unit} |",
        f"| formula | `{entry.formula}` |",
        f"| grain | {entry.grain} |",
        f"| adds up over days | {additive} |",
        f"| owner | {entry.owner} |",
        f"| leaves out | {entry.leaves_out} |",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write `docs/metrics.md` under the current directory."""
    parser = argparse.ArgumentParser(prog="python -m warehouse.metrics", description=main.__doc__)
    parser.add_argument("-o", "--output", type=Path, default=DOCUMENT, help=f"file to write (default {DOCUMENT})")
    output: Path = parser.parse_args(arguments).output
    output.write_text(render_document(), encoding="utf-8")
    print(f"{len(METRICS)} metrics written to {output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
