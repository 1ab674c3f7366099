"""What every test shares. Fixtures of one part stand in that folder's own conftest.py."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import configuration, settings

LONG = ("test_compiled", "demo", "e2e", "simulation", "store")
"""What takes minutes begins first, so that at the end no process works alone while the others have nothing left."""

MEASURE = "COVERAGE_PROCESS_CONFIG"
"""Where coverage tells the processes that a test starts to measure themselves."""

configuration.set_hypothesis_home_dir(Path(__file__).parent.parent / ".cache/hypothesis")
if not os.environ.get("CI"):  # there, hypothesis loads a profile of its own: the same examples at every run
    settings.register_profile("here", deadline=None)  # a busy machine is not a defect
    settings.load_profile("here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first; within a file and among the others the order stays."""
    items.sort(key=_rank)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Processes of a test marked `unmeasured` run without coverage, which takes a third of their time."""
    measure = os.environ.pop(MEASURE, None) if item.get_closest_marker("unmeasured") else None
    try:
        return (yield)
    finally:
        if measure is not None:
            os.environ[MEASURE] = measure


def _rank(item: pytest.Item) -> int:
    ranks = [LONG.index(part) for part in (*item.path.parts, item.path.stem) if part in LONG]
    return min(ranks, default=len(LONG))
