from datetime import date
from decimal import Decimal

from orchestration.checks.building import as_check_result


class TestAsCheckResult:
    def test_no_difference_passes(self) -> None:
        assert as_check_result([]).passed

    def test_a_difference_fails_and_is_shown(self) -> None:
        row = {"currency": "GBP", "expected": Decimal("1.00"), "found": None, "day": date(2026, 3, 1), "count": 2}
        outcome = as_check_result([row])
        assert not outcome.passed
        assert outcome.metadata is not None
        assert outcome.metadata["differences"].value == [
            {"currency": "GBP", "expected": "1.00", "found": None, "day": "2026-03-01", "count": 2}
        ]
