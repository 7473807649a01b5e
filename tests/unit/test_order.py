from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.order import longest_first


def item(file: str, name: str, **slow: float) -> Any:
    marks = [pytest.mark.slow(**slow).mark]
    return SimpleNamespace(path=Path(file), name=f"{file} {name}", iter_markers=lambda name: marks)


def names(*items: Any) -> list[str]:
    return [each.name for each in longest_first(items)]


class TestLongestFirst:
    def test_a_file_that_states_its_minutes_begins_before_one_of_many_tests(self) -> None:
        many = [item("a", str(number)) for number in range(3)]
        assert names(*many, item("b", "long", minutes=5)) == ["b long", "a 0", "a 1", "a 2"]

    def test_the_minutes_of_a_file_are_those_of_its_tests_together(self) -> None:
        together = [item("b", "1", minutes=3), item("b", "2", minutes=3)]
        assert names(item("a", "1", minutes=5), *together) == ["b 1", "b 2", "a 1"]

    def test_the_others_begin_with_the_most_tests_as_ever(self) -> None:
        assert names(item("a", "1"), item("b", "1"), item("c", "1"), item("b", "2")) == ["b 1", "b 2", "a 1", "c 1"]
