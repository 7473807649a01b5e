"""Signals follow their formulas, stay in bounds, and stay silent without evidence."""

import math

import pytest
from hypothesis import given

from ranking.evidence import gather_evidence
from ranking.policy import Component
from ranking.signals import measure_signals
from tests.unit.ranking.market import (
    AS_OF,
    BASELINE,
    Market,
    day,
    days_ago,
    examples,
    make_activity,
    make_prompts,
    markets,
)


def measure(market: Market, component: Component) -> list[tuple[float, float, float]]:
    """(value, reference, signal) of a component for each prompt, by prompt_id."""
    evidence = gather_evidence(BASELINE.evidence, prompts=market.prompts, activity=market.activity, as_of=AS_OF)
    return measure_signals(BASELINE, evidence)[component].struct.unnest().rows()


def one_prompt(*rows: tuple[str, object, int, int, int, int], age: float = 50) -> Market:
    """A market of one prompt ``p1``."""
    return Market(make_prompts(("p1", None, days_ago(age))), make_activity(*rows))  # type: ignore[arg-type]


TWO = make_prompts(("p1", None, days_ago(50)), ("p2", None, days_ago(50)))


class TestMeasureSignals:
    def test_every_component_of_a_policy_has_its_signal(self) -> None:
        evidence = gather_evidence(BASELINE.evidence, prompts=TWO, activity=make_activity(), as_of=AS_OF)
        assert set(measure_signals(BASELINE, evidence).columns) == {*evidence.columns, *Component}

    @examples
    @given(market=markets())
    def test_every_signal_is_a_number_between_minus_one_and_one(self, market: Market) -> None:
        signals = [signal for c in Component for _, _, signal in measure(market, c)]
        assert all(-1 <= signal <= 1 for signal in signals)

    @examples
    @given(market=markets())
    def test_refund_penalty_is_never_positive(self, market: Market) -> None:
        assert all(signal <= 0 for _, _, signal in measure(market, Component.REFUND_PENALTY))


class TestRateSignal:
    def test_is_the_ratio_of_two_posterior_means(self) -> None:
        market = Market(TWO, make_activity(("p1", day(0), 1000, 100, 0, 0), ("p2", day(0), 1000, 0, 0, 0)))
        marketplace = (100 + 1) / (2000 + 1 / 0.03)
        prompt = (100 + 4) / (1000 + 4 / marketplace)
        expected = (prompt, marketplace, (prompt - marketplace) / (prompt + marketplace))
        assert measure(market, Component.CLICK_THROUGH)[0] == pytest.approx(expected)

    def test_little_evidence_moves_less_than_much(self) -> None:
        market = Market(TWO, make_activity(("p1", day(0), 10, 2, 0, 0), ("p2", day(0), 1000, 200, 0, 0)))
        (few, _, _), (many, _, _) = measure(market, Component.CLICK_THROUGH)
        assert few < many < 0.2

    @pytest.mark.parametrize("component", [Component.CLICK_THROUGH, Component.CONVERSION, Component.REFUND_PENALTY])
    def test_without_evidence_the_prior_stands_and_the_signal_is_zero(self, component: Component) -> None:
        value, reference, signal = measure(one_prompt(), component)[0]
        assert (value, signal) == (reference, 0.0)

    def test_clicks_are_not_held_against_a_prompt_where_nothing_is_bought(self) -> None:
        rows = [(f"p{number}", day(0), 500, 10 + number, 0, 0) for number in range(40)]
        prompts = make_prompts(*((f"p{number}", None, days_ago(50)) for number in range(40)))
        signals = [signal for _, _, signal in measure(Market(prompts, make_activity(*rows)), Component.CONVERSION)]
        assert all(-0.02 < signal <= 0 for signal in signals)

    def test_empty_marketplace_has_the_prior_mean(self) -> None:
        assert measure(one_prompt(), Component.CLICK_THROUGH)[0][1] == pytest.approx(0.03)

    def test_orders_without_clicks_say_nothing_about_conversion(self) -> None:
        market = Market(TWO, make_activity(("p1", day(0), 0, 0, 50, 0), ("p2", day(0), 0, 0, 1, 0)))
        assert [signal for _, _, signal in measure(market, Component.CONVERSION)] == [0.0, 0.0]

    def test_an_order_refunded_in_parts_counts_each_part(self) -> None:
        market = Market(TWO, make_activity(("p1", day(0), 0, 0, 2, 6), ("p2", day(0), 0, 0, 2, 2)))
        (parts, _, _), (once, _, _) = measure(market, Component.REFUND_PENALTY)
        assert parts > once

    def test_fewer_refunds_than_average_earn_nothing(self) -> None:
        market = Market(TWO, make_activity(("p1", day(0), 0, 0, 500, 0), ("p2", day(0), 0, 0, 500, 100)))
        clean, refunded = (signal for _, _, signal in measure(market, Component.REFUND_PENALTY))
        assert clean == 0.0
        assert refunded < -0.2


class TestDemandSignal:
    def test_is_the_logarithm_of_decayed_net_orders(self) -> None:
        market = one_prompt(("p1", day(0), 0, 0, 30, 2), ("p1", day(10), 0, 0, 4, 0))
        expected = (30.0, 1000.0, math.log(31) / math.log(1001))
        assert measure(market, Component.DEMAND)[0] == pytest.approx(expected)

    def test_does_not_depend_on_other_prompts(self) -> None:
        alone = make_activity(("p1", day(0), 0, 0, 5, 0))
        beside = make_activity(("p1", day(0), 0, 0, 5, 0), ("p2", day(0), 9, 9, 900, 0))
        assert measure(Market(TWO, alone), Component.DEMAND)[0] == measure(Market(TWO, beside), Component.DEMAND)[0]

    def test_stops_at_the_full_signal(self) -> None:
        assert measure(one_prompt(("p1", day(0), 0, 0, 5000, 0)), Component.DEMAND)[0][2] == 1.0

    def test_more_refunds_than_orders_count_as_no_demand(self) -> None:
        assert measure(one_prompt(("p1", day(0), 0, 0, 1, 5)), Component.DEMAND)[0][2] == 0.0


class TestMomentumSignal:
    def test_steady_sales_have_none(self) -> None:
        steady = one_prompt(*(("p1", day(age), 0, 0, 4, 0) for age in range(90)))
        assert measure(steady, Component.MOMENTUM)[0] == pytest.approx((4.0, 4.0, 0.0), abs=1e-4)

    def test_rising_sales_are_positive_and_falling_ones_negative(self) -> None:
        market = Market(
            TWO,
            make_activity(
                ("p1", day(1), 0, 0, 9, 0),
                ("p1", day(30), 0, 0, 1, 0),
                ("p2", day(1), 0, 0, 1, 0),
                ("p2", day(30), 0, 0, 90, 0),
            ),
        )
        rising, falling = (signal for _, _, signal in measure(market, Component.MOMENTUM))
        assert rising > 0.2 > -0.2 > falling

    @pytest.mark.parametrize("age", [0, 3, 40])
    def test_refunds_of_any_day_do_not_move_it(self, age: int) -> None:
        kept = measure(one_prompt(("p1", day(age), 0, 0, 9, 0)), Component.MOMENTUM)[0]
        refunded = measure(one_prompt(("p1", day(age), 0, 0, 9, 5)), Component.MOMENTUM)[0]
        assert refunded[2] == kept[2]

    @pytest.mark.parametrize("sold_before", [0, 1, 500])
    def test_orders_of_the_newest_day_never_lower_it(self, sold_before: int) -> None:
        before = [("p1", day(1), 0, 0, sold_before, 0), ("p1", day(50), 0, 0, sold_before, 0)]
        quiet = measure(one_prompt(*before), Component.MOMENTUM)[0]
        busy = measure(one_prompt(*before, ("p1", day(0), 0, 0, 1, 0)), Component.MOMENTUM)[0]
        assert busy[2] > quiet[2]


class TestFreshnessSignal:
    @pytest.mark.parametrize(("age", "signal"), [(0.0001, 1.0), (14.0, 0.5), (28.0, 0.25)])
    def test_halves_every_half_life(self, age: float, signal: float) -> None:
        assert measure(one_prompt(age=age), Component.FRESHNESS)[0] == pytest.approx((age, 14.0, signal), abs=1e-5)
