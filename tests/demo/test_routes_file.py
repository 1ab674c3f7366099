from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.config.load import Loaded, load_file
from proxy.core.stage import Stage
from proxy.demo.routes_file import MOVED, Ports, edit, first_text, write
from proxy.demo.story import BEGINNING, SHADOW, STEPS

TEXT = """\
# keep me
routes:
  - name: other
    match: GET /other
    stage: legacy

  - name: customers.show
    match: GET /customers/{id}
    stage: legacy
    cohort: header:X-Tenant-Id  # and me

  - name: last
    stage: legacy
"""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "routes.yaml"
    write(path, TEXT)
    yield path
    assert [each.name for each in tmp_path.iterdir()] == ["routes.yaml"]


def test_an_edit_touches_nothing_else(file: Path) -> None:
    """Two lines of one route change; every other byte, comments too, stays."""
    edits = edit(file, "customers.show", "canary", "5%")

    assert [str(each) for each in edits] == ["line 9, stage: legacy → canary", "line 10 added, split: 5%"]
    first, second = TEXT.split("{id}\n    stage: legacy\n")
    assert file.read_text() == f"{first}{{id}}\n    stage: canary\n    split: 5%\n{second}"


def test_a_second_edit_changes_the_value(file: Path) -> None:
    """Where a split stands already it is replaced, and what stands as wished is no edit."""
    edit(file, "customers.show", "canary", "5%")

    assert [str(each) for each in edit(file, "customers.show", "canary", "25%")] == ["line 10, split: 5% → 25%"]
    assert file.read_text().count("split") == 1


def test_nothing_to_change_is_no_edit(file: Path) -> None:
    """The story begins with the file as it is."""
    assert edit(file, "customers.show", "legacy", "") == []
    assert file.read_text() == TEXT


def test_every_step_of_the_story_is_a_good_file(tmp_path: Path) -> None:
    """The file as it begins, and after each edit, is one that Banyan takes without a warning."""
    path = tmp_path / "routes.yaml"
    write(path, first_text(Ports(listen=1, admin=2, legacy=3, new=4), "memory"))
    seen = []
    for step in (BEGINNING, SHADOW, *STEPS):
        edit(path, MOVED, step.stage, step.split)
        found = load_file(path, {})
        assert isinstance(found, Loaded), found
        assert found.warnings == ()
        moved = next(route for route in found.snapshot.routes if route.name == MOVED)
        seen.append((moved.stage, moved.split))

    assert seen == [
        (Stage.LEGACY, 0.0),
        (Stage.SHADOW, 0.0),
        (Stage.CANARY, 0.05),
        (Stage.CANARY, 0.25),
        (Stage.CANARY, 0.5),
        (Stage.CANARY, 1.0),
    ]
