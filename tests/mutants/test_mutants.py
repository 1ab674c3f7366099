"""The list of mutants is true, and the command tells a dead mutant from a living one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.mutants.__main__ import ROOT, dies, main, mutated
from tests.mutants.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_its_line_stands_once_and_its_tests_exist(mutant: Mutant) -> None:
    """A line that was rewritten takes its mutant along, or the list is told."""
    text = (ROOT / mutant.path).read_text(encoding="utf-8")

    assert mutated(text, mutant) != text
    assert all((ROOT / test).exists() for test in mutant.tests)


def test_a_line_that_is_gone_is_named() -> None:
    """Applying a mutant to a file that does not have its line is an error that says which."""
    with pytest.raises(ValueError, match=r"a\.py has 'x = 1' 0 times, not once"):
        mutated("y = 2", Mutant(name="x", path="a.py", before="x = 1", after="x = 2", tests=()))


def test_a_mutant_dies_where_a_test_notices_it_and_lives_where_none_does(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Only failing tests kill a mutant: one that changes nothing lives, and the file is as it was."""
    copy = tmp_path_factory.mktemp("copy")
    (copy / "number.py").write_text("ONE = 1\n")
    (copy / "test_number.py").write_text("from number import ONE\n\n\ndef test_one() -> None:\n    assert ONE == 1\n")
    mutant = Mutant(name="two", path="number.py", before="ONE = 1", after="ONE = 2", tests=("test_number.py",))

    assert dies(copy, mutant)
    assert not dies(copy, replace(mutant, after="ONE = 1  # still"))
    assert (copy / "number.py").read_text() == "ONE = 1\n"


def test_a_word_that_no_mutant_has_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped name is exit code 2, not success."""
    assert main(["no such mutant"]) == 2
    assert "no mutant has 'no such mutant' in its name" in capsys.readouterr().out
