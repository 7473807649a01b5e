"""Between which rates the true one lies."""

from dataclasses import dataclass
from math import sqrt

# The standard normal quantile of a two-sided interval at 95 %.
Z_95 = 1.959963984540054


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
