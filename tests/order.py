"""In which order files of tests begin: one that takes long and begins last is waited for alone."""

from collections.abc import Sequence

import pytest


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests, each file's together as they stand in it: files of more minutes first, then those of more tests.

    A file has the minutes that its slow tests state, as in `@pytest.mark.slow(minutes=10)`.
    """
    files: dict[object, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    ordered = sorted(files.values(), key=lambda tests: (-sum(map(_minutes, tests)), -len(tests)))
    return [item for tests in ordered for item in tests]


def _minutes(item: pytest.Item) -> float:
    return sum(mark.kwargs.get("minutes", 0) for mark in item.iter_markers("slow"))
