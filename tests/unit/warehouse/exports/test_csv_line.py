"""What a spreadsheet is given: texts as texts, and numbers as numbers."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.exports.csv_line import csv_lines, guard, unguard
from warehouse.settings import PROJECT_ROOT

FORMULA_SIGNS = "=+-@\t\r\n＝＋－＠"


class TestCsvLines:
    @pytest.mark.parametrize("sign", FORMULA_SIGNS)
    def test_no_text_begins_like_a_formula(self, sign: str) -> None:
        [[cell]] = csv.reader(io.StringIO(csv_lines([[f"{sign}1+1"]]), newline=""))
        assert cell == f"'{sign}1+1"

    def test_a_list_of_texts_is_a_text(self) -> None:
        assert csv_lines([[["=a", "b"]]]) == "'=a;b\n"

    def test_what_is_no_text_is_as_it_was(self) -> None:
        row = [-1, Decimal("-0.10"), -0.5, None, True, date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC), UUID(int=0)]
        assert csv_lines([row]) == (
            "-1,-0.10,-0.5,,true,2026-03-01,2026-03-01T00:00:00Z,00000000-0000-0000-0000-000000000000\n"
        )

    def test_json_stays_json(self) -> None:
        assert csv_lines([[{"a": "=1"}]]) == '"{""a"":""=1""}"\n'


class TestUnguard:
    @given(st.text(alphabet=f"{FORMULA_SIGNS}'a ", max_size=6))
    def test_every_text_comes_back(self, text: str) -> None:
        assert unguard(guard(text)) == text

    @pytest.mark.parametrize("text", ["'", "'quoted'", "it's", "", "plain"])
    def test_other_quotes_are_left_alone(self, text: str) -> None:
        assert guard(text) == unguard(text) == text


class TestOnePlace:
    def test_nobody_else_writes_csv(self) -> None:
        folders = ("warehouse", "api", "cli", "dashboards", "orchestration")
        sources = (path for folder in folders for path in (PROJECT_ROOT / folder).rglob("*.py"))
        writing = [str(path.relative_to(PROJECT_ROOT)) for path in sources if "csv.writer(" in path.read_text()]
        assert writing == ["warehouse/exports/csv_line.py"]
