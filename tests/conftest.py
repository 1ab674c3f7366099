"""What every test shares. Fixtures of one part stand in that folder's own conftest.py."""

import gc
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from hypothesis import configuration, settings

from proxy.__main__ import RARELY
from tests.hangs import bounded
from tests.stalls import Stalls

LONG = ("test_compiled.py", "test_simulation.py", "test_sourcecode.py", "test_fuzz.py", "test_package.py")
"""What keeps a core busy for long begins first, so that at the end no process works alone with much of it left."""
SLOW, BEGUN = "e2e", 0.7
"""Files of this folder take seconds each; the last of them begins beside this share of every other folder's."""

TESTS = Path(__file__).parent
MEASURED = ("core", "config")
"""Packages that must be covered whole, by the tests in the folders of these names."""
MEASURE = "COVERAGE_PROCESS_CONFIG"
"""Where coverage tells the processes that a test starts to measure themselves."""

STALLS = Stalls()

configuration.set_hypothesis_home_dir(Path(__file__).parent.parent / ".cache/hypothesis")
settings.register_profile("quick", deadline=None, max_examples=10)  # `./run check`
if not os.environ.get("CI"):  # there, hypothesis loads a profile of its own: the same examples at every run
    settings.register_profile("here", deadline=None)  # a busy machine is not a defect
    settings.load_profile("here")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files in an order that keeps the cores busy to the end; `timing` again if the machine stood still."""
    places = _places(items)
    items.sort(key=lambda item: places[item.path])  # within a file they stay as they are
    if config.getoption("usepdb"):  # who debugs wants the first failure
        return
    again = pytest.mark.flaky(reruns=1, reruns_delay=2, condition=STALLS.explain)
    for item in items:
        if item.get_closest_marker("timing"):
            item.add_marker(again)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of items and modules stay to the end: no collection looks at them while they come, or ever again.

    Coverage looks on only while what it measures is imported; at whatever tests import besides it takes as long again.
    """
    tracer = sys.gettrace() if MEASURE in os.environ else None
    gc.disable()
    try:
        if tracer is not None:
            _import_measured()
            sys.settrace(None)
        return (yield)
    finally:
        if tracer is not None:
            sys.settrace(tracer)
        gc.freeze()
        gc.set_threshold(*RARELY)
        gc.enable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup() -> Iterator[None]:
    """Each attempt at a test is a case of its own."""
    STALLS.begin()
    with bounded():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call() -> Iterator[None]:
    """A test that hangs fails alone."""
    with bounded():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """What it began may hang as well."""
    with bounded():
        return (yield)


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
    """Coverage measures the pure packages by their own tests; beside all others it would take a third of their time."""
    own = item.path.relative_to(TESTS).parts[0] in MEASURED if item.path.is_relative_to(TESTS) else False
    measure = None if own else os.environ.pop(MEASURE, None)
    if measure is None:
        return (yield)
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
        os.environ[MEASURE] = measure


def _import_measured() -> None:
    """All modules whose lines count, those that run at import among them."""
    for package in MEASURED:
        for module in walk_packages(import_module(f"proxy.{package}").__path__, f"proxy.{package}."):
            import_module(module.name)


def _places(items: list[pytest.Item]) -> dict[Path, float]:
    """Where each file goes, 0 is first: each folder's are spread over the run, for some wait where others compute."""
    folders: dict[Path, list[Path]] = {}
    for path in dict.fromkeys(item.path for item in items):
        folders.setdefault(path.parent, []).append(path)
    places = {
        path: number / len(paths) * (BEGUN if SLOW in folder.parts else 1.0)
        for folder, paths in folders.items()
        for number, path in enumerate(paths)
    }
    early = [path for name in LONG for path in places if path.name == name]
    return places | {path: 0.02 * number - 0.01 for number, path in enumerate(early)}
