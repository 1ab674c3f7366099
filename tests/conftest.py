"""What every test shares. Fixtures of one part stand in that folder's own conftest.py."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import configuration, settings

from tests.stalls import Stalls

LONG = ("test_compiled", "demo", "e2e", "simulation", "store")
"""What takes minutes begins first, so that at the end no process works alone while the others have nothing left."""

MEASURE = "COVERAGE_PROCESS_CONFIG"
"""Where coverage tells the processes that a test starts to measure themselves."""

STALLS = Stalls()

configuration.set_hypothesis_home_dir(Path(__file__).parent.parent / ".cache/hypothesis")
settings.register_profile("quick", deadline=None, max_examples=10)  # `./run check`
if not os.environ.get("CI"):  # there, hypothesis loads a profile of its own: the same examples at every run
    settings.register_profile("here", deadline=None)  # a busy machine is not a defect
    settings.load_profile("here")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long ones first, within a file and among the others in their order; `timing` again if the machine stood still."""
    items.sort(key=_rank)
    if config.getoption("usepdb"):  # who debugs wants the first failure
        return
    again = pytest.mark.flaky(reruns=1, reruns_delay=2, condition=STALLS.explain)
    for item in items:
        if item.get_closest_marker("timing"):
            item.add_marker(again)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Each attempt at a test is a case of its own."""
    STALLS.begin()


def pytest_unconfigure() -> None:
    """The watch ends with the run."""
    STALLS.end()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """No collection meanwhile: before 3.11.8, a finaliser that prints a traceback breaks the report (gh-106905)."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return (yield)
    finally:
        if collects:
            gc.enable()


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
