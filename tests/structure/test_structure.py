"""The house stays in order: limits that hold now, and may only become narrower."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.structure.changes import CHANGES, MOST, Change
from tests.structure.measures import classes_twice, figures, full_folders, function_lines, stage_namers, stems_twice
from tests.structure.names import CLASSES, STEMS, unexplained_classes, unexplained_stems
from tests.structure.tree import ROOT, Tree, on_disk

MEDIAN, NINETY_FIVE = 6, 18
"""Lines of a function: what half of them, and 95 % of them, have at the most."""
NAME_A_STAGE = 6
TREE: Tree = {
    "proxy/__init__.py": "",
    "proxy/a/first.py": "class Order:\n    def f(self):\n        return Stage.CANARY\n\n    def g(self): ...\n",
    "proxy/b/first.py": "class Order: ...\nclass _Own: ...\n",
    "proxy/b/second.py": "class _Own: ...\nStage.of(1)\n",
}


def test_no_folder_holds_more_than_can_be_seen_at_a_look() -> None:
    """No folder of the product has more than twenty files."""
    assert full_folders(on_disk()) == {}


def test_no_class_name_means_two_things() -> None:
    """A public class name stands once, or in two places for one thing, which is said."""
    assert unexplained_classes(on_disk()) == {}


def test_no_file_name_means_two_things() -> None:
    """A file name stands once, or in two folders for one thing, which is said."""
    assert unexplained_stems(on_disk()) == {}


def test_what_is_explained_is_there() -> None:
    """Words why a name may stand in two places are kept for such names only."""
    tree = on_disk()

    assert CLASSES.keys() - classes_twice(tree).keys() == set()
    assert STEMS.keys() - stems_twice(tree).keys() == set()


def test_functions_stay_short() -> None:
    """Half of the functions have few lines, and 95 % of them less than a score."""
    lengths = sorted(function_lines(on_disk()))

    assert lengths[len(lengths) // 2] <= MEDIAN
    assert lengths[len(lengths) * 95 // 100] <= NINETY_FIVE


def test_a_new_stage_touches_no_more_files() -> None:
    """The files that name a stage become fewer, never more."""
    assert len(stage_namers(on_disk())) <= NAME_A_STAGE


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_touches_few_files(change: Change) -> None:
    """What is added at one of the joints touches no more product files than it may."""
    assert len(change.files) <= MOST[change.name]


def test_figures_are_of_the_tree() -> None:
    """Files, functions, names that stand twice and files that name a stage are counted as they are."""
    assert figures(TREE)["files (without `__init__.py`)"] == "3"
    assert sorted(function_lines(TREE)) == [1, 2]
    assert classes_twice(TREE) == {"Order": ("proxy/a/first.py:1", "proxy/b/first.py:1")}
    assert stems_twice(TREE) == {"first": ("proxy/a/first.py", "proxy/b/first.py")}
    assert stage_namers(TREE) == ("proxy/a/first.py",)


def test_the_page_is_printed() -> None:
    """`python -m tests.structure` prints a table of figures and what each change touches."""
    command = [sys.executable, "-m", "tests.structure"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "| lines of a function, median | " in said
    assert "- a kind of difference: 2 before, 2 now: proxy/core/parity/rules/difference.py" in said
