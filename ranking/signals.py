"""Signals: each component of the score as a bounded number, with what it was measured from.

Every signal lies in [-1, 1] and does not depend on the scale of the marketplace, so the weights of a policy keep their
meaning when traffic grows. Two properties hold for every policy and are what sellers are promised:

* A refund never raises a prompt.
* A further order never lowers a prompt, on any surface when it is of the newest day, and of any day on surfaces without
  momentum. (Momentum compares recent sales with lasting ones, so older sales make for less of a rise.)

They hold although the marketplace rate moves with each prompt's own figures, because every rate enters by its ratio to
the marketplace rate. One more success of a prompt raises its ratio and lowers those of all others.
"""

from typing import NamedTuple

import polars as pl

from ranking.features import WEIGHT_UNIT
from ranking.policy import Component, Policy, RatePrior


class Signal(NamedTuple):
    """Expressions over an evidence row: the ``value`` measured, the ``reference`` it is held against, the signal."""

    value: pl.Expr
    reference: pl.Expr
    signal: pl.Expr

    def as_struct(self) -> pl.Expr:
        """The three as one column."""
        return pl.struct(value=self.value, reference=self.reference, signal=self.signal)


def measure_signals(policy: Policy, evidence: pl.DataFrame) -> pl.DataFrame:
    """The evidence (see ``evidence.gather_evidence``) with a column for the signal of each component.

    A component's column has its name and holds structs of ``value``, ``reference`` and ``signal``.
    """
    refund = rate_signal(policy.rates.refund, evidence, successes="refunds", trials="orders", at_most_trials=False)
    signals = {
        Component.DEMAND: demand_signal(policy),
        Component.MOMENTUM: momentum_signal(policy),
        Component.CLICK_THROUGH: rate_signal(
            policy.rates.click_through, evidence, successes="clicks", trials="impressions"
        ),
        Component.CONVERSION: rate_signal(policy.rates.conversion, evidence, successes="orders", trials="clicks"),
        # One-sided: few refunds are what buyers expect, many are a reason against.
        Component.REFUND_PENALTY: refund._replace(signal=0.0 - refund.signal.clip(lower_bound=0.0)),
        Component.FRESHNESS: freshness_signal(policy),
    }
    return evidence.with_columns(**{component.value: signal.as_struct() for component, signal in signals.items()})


def rate_signal(
    prior: RatePrior, evidence: pl.DataFrame, *, successes: str, trials: str, at_most_trials: bool = True
) -> Signal:
    """A smoothed rate held against the rate of the marketplace.

    Both are posterior means of a Beta-binomial model (Gelman et al., Bayesian Data Analysis, 3rd ed., sections 2.4 and
    5.3), the prior mean of the second estimated from all prompts (empirical Bayes)::

        marketplace m = (sum successes + K) / (sum trials + K / m0)
        prompt      p = (successes + k) / (trials + k / m)
        signal        = (p - m) / (p + m)

    with ``m0`` the prior's mean and ``K`` and ``k`` the successes that the two priors are worth. Counting a prior in
    successes keeps the relative spread between prompts it stands for, whatever the marketplace rate: 50 trials without
    success say little where successes are rare, and where nothing is ever bought clicks are not held against anyone.

    The signal is 0 at the marketplace rate and without evidence, 1/3 at twice that rate, and -1/3 at half of it.
    With ``at_most_trials`` successes beyond the trials (orders that no logged click led to) say nothing about the rate
    and are left out. Without it a trial may succeed more than once (an order refunded in parts), and the same formulas
    are the posterior means of a Gamma-Poisson model.
    """
    counted = pl.min_horizontal(successes, trials) if at_most_trials else pl.col(successes)
    # Summed as integers: a sum of floats would depend on how threads share the rows.
    all_successes, all_trials = evidence.select(successes=counted.sum(), trials=pl.col(trials).sum()).row(0)
    prior_successes = prior.marketplace_prior_successes
    prior_trials = prior_successes / prior.marketplace_prior_mean
    reference = (all_successes / WEIGHT_UNIT + prior_successes) / (all_trials / WEIGHT_UNIT + prior_trials)
    # p / m: what happened over what the marketplace rate expects, so a prompt without trials has exactly 1.
    worth = prior.prompt_prior_successes
    ratio = (counted / WEIGHT_UNIT + worth) / (_decayed(trials) * reference + worth)
    return Signal(value=ratio * reference, reference=pl.lit(reference), signal=(ratio - 1) / (ratio + 1))


def demand_signal(policy: Policy) -> Signal:
    """Decayed net orders on a logarithmic scale: ``min(1, log(1 + orders - refunds) / log(1 + full))``.

    ``full`` comes from the policy and not from the best seller, so that a prompt's demand does not fall because another
    one sold. Each doubling of sales is worth about the same.
    """
    full = policy.demand.full_signal_orders
    net = (_decayed("orders") - _decayed("refunds")).clip(lower_bound=0.0)
    return Signal(net, pl.lit(full), (net.log1p() / pl.lit(full).log1p()).clip(upper_bound=1.0))


def momentum_signal(policy: Policy) -> Signal:
    """The recent pace of selling held against the lasting one: ``(r - l) / (r + l + prior)``, in orders a day.

    Each pace is a decayed count divided by the sum of the decay weights over the window, a weighted mean per day.
    Refunded orders stay in both: taking an old one out of ``l`` would make a refund look like a rise, and demand and
    the refund penalty answer for it already. The newest day's orders move ``r`` by more than any ratio ``r / l`` can
    reach, so they never lower the signal.
    """
    evidence = policy.evidence
    recent = _decayed("recent_orders") / _weighted_days(evidence.recent_half_life_days, evidence.window_days)
    lasting = _decayed("orders") / _weighted_days(evidence.half_life_days, evidence.window_days)
    return Signal(recent, lasting, (recent - lasting) / (recent + lasting + policy.momentum.prior_orders_per_day))


def freshness_signal(policy: Policy) -> Signal:
    """Exponential decay of the days since publication: 1 when new, a half at each further half-life."""
    half_life = policy.freshness.half_life_days
    age = pl.col("published_days")
    return Signal(age, pl.lit(half_life), pl.lit(0.5).pow(age / half_life))


def _decayed(count: str) -> pl.Expr:
    """A decayed count of an evidence row, in whole counts and fractions."""
    return pl.col(count) / WEIGHT_UNIT


def _weighted_days(half_life_days: float, window_days: int) -> float:
    """Sum of ``0.5 ** (age / half_life)`` over the ages 0, 1, ... of the window, a geometric series."""
    daily = 0.5 ** (1 / half_life_days)
    return float((1 - daily**window_days) / (1 - daily))
