"""A source file of the pure packages and its test find each other by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


def untested(root: Path) -> Iterator[str]:
    """`proxy/core/X.py` without `tests/core/test_X.py`, and the same for `proxy/config`."""
    for package in ("core", "config"):
        for source in sorted((root / "proxy" / package).glob("**/[!_]*.py")):
            inner = source.relative_to(root / "proxy")
            test = Path("tests", inner.parent, f"test_{inner.name}")
            if not (root / test).exists():
                yield f"{source.relative_to(root)} has no {test}"


def test_every_pure_file_has_its_own_test() -> None:
    """Whoever changes a file of core or config knows where its test is."""
    assert list(untested(ROOT)) == []


def test_a_file_without_its_test_is_found(tmp_path: Path) -> None:
    """A file without a test is named, with the test that is missing; one with a test is not."""
    for name in (
        "proxy/core/__init__.py",
        "proxy/core/routing/split.py",
        "proxy/core/stage.py",
        "proxy/core/parity/walk.py",
        "proxy/core/parity/formats/lists.py",
        "proxy/config/read.py",
        "tests/core/routing/test_split.py",
        "tests/core/parity/formats/test_lists.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert list(untested(tmp_path)) == [
        "proxy/core/parity/walk.py has no tests/core/parity/test_walk.py",
        "proxy/core/stage.py has no tests/core/test_stage.py",
        "proxy/config/read.py has no tests/config/test_read.py",
    ]
