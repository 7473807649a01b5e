"""The metric registry, and the interval of a rate."""

from dataclasses import fields
from math import sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.marts import PerformanceDay
from warehouse.metrics import METRICS, MetricUnknown, figures_statement, metric, wilson_interval
from warehouse.metrics.document import DOCUMENT, main, render_document
from warehouse.metrics.interval import Z_95

PROJECT_ROOT = Path(__file__).resolve().parents[4]


class TestWilsonInterval:
    def test_agrees_with_published_figures(self) -> None:
        # Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998),
        # table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
        published = {
            (81, 263): (0.2553, 0.3662),
            (15, 148): (0.0624, 0.1605),
            (0, 20): (0.0, 0.1611),
            (1, 29): (0.0061, 0.1718),
        }
        for (successes, trials), bounds in published.items():
            interval = wilson_interval(successes, trials)
            assert interval is not None
            assert (round(interval.low, 4), round(interval.high, 4)) == bounds

    def test_has_no_interval_without_trials(self) -> None:
        assert wilson_interval(0, 0) is None

    @pytest.mark.parametrize(("successes", "trials"), [(2, 1), (-1, 5), (0, -1)])
    def test_refuses_counts_that_make_no_rate(self, successes: int, trials: int) -> None:
        with pytest.raises(ValueError, match=f"got {successes} of {trials}"):
            wilson_interval(successes, trials)

    @given(trials=st.integers(1, 10_000_000), data=st.data())
    def test_holds_the_rate_and_stays_a_share(self, trials: int, data: st.DataObject) -> None:
        successes = data.draw(st.integers(0, trials))
        interval = wilson_interval(successes, trials)
        assert interval is not None
        assert 0.0 <= interval.low <= successes / trials <= interval.high <= 1.0

    @given(trials=st.integers(2, 1_000_000), data=st.data())
    def test_its_bounds_are_rates_that_the_score_test_just_accepts(self, trials: int, data: st.DataObject) -> None:
        successes = data.draw(st.integers(1, trials - 1))
        interval = wilson_interval(successes, trials)
        assert interval is not None
        for bound in (interval.low, interval.high):
            distance = abs(successes / trials - bound) / sqrt(bound * (1 - bound) / trials)
            assert distance == pytest.approx(Z_95, rel=1e-6)


class TestRegistry:
    def test_every_measure_of_a_day_is_registered(self) -> None:
        columns = {field.name for field in fields(PerformanceDay)} - {"performance_date", "currency"}
        assert columns <= {entry.slug for entry in METRICS}

    def test_slugs_and_labels_are_unique(self) -> None:
        assert len({entry.slug for entry in METRICS}) == len({entry.label for entry in METRICS}) == len(METRICS)

    def test_only_counts_and_amounts_add_up(self) -> None:
        assert {entry.unit for entry in METRICS if entry.is_additive} == {"count", "currency"}
        assert all(entry.type == "simple" for entry in METRICS if entry.is_additive)

    def test_only_shares_of_a_count_have_an_interval(self) -> None:
        measures = [measure for entry in METRICS if entry.has_interval for measure in entry.measures]
        assert not any(measure.is_amount for measure in measures)
        assert {entry.type for entry in METRICS if entry.has_interval} == {"ratio"}

    def test_who_came_back_is_found_in_one_reading_of_the_orders(self) -> None:
        assert figures_statement(metric("new_buyer_retention_rate"), "marketplace").count("marts.fct_orders") == 1

    def test_a_metric_is_found_by_its_slug(self) -> None:
        assert metric("order_count").label == "Orders"

    def test_an_unknown_slug_is_named(self) -> None:
        with pytest.raises(MetricUnknown, match="dwell_time"):
            metric("dwell_time")


class TestDocument:
    def test_is_up_to_date(self) -> None:
        assert (PROJECT_ROOT / DOCUMENT).read_text(encoding="utf-8") == render_document()

    def test_main_writes_it(self, tmp_path: Path) -> None:
        assert main(["-o", str(tmp_path / "metrics.md")]) == 0
        assert (tmp_path / "metrics.md").read_text(encoding="utf-8") == render_document()
