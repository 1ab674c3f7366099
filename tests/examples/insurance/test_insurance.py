"""`banyan example insurance`: its phases, each with its way back, and what its README says of them."""

from __future__ import annotations

import os
import subprocess

from tests.examples.conftest import ROOT, Played
from tests.examples.told import figures_in_the_table, shown_commands, shown_lines, steady, told_commands

README = (ROOT / "examples" / "insurance" / "README.md").read_text(encoding="utf-8")
NAMED = ("probe contract.insurance.internal", "failed while one moved")


def namespaces_can_be_made() -> bool:
    """What the names of services take: root, and a mount namespace."""
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


def test_the_story_holds(insurance: Played) -> None:
    """All phases and their ways back: no client fails, both stores agree, both planted bugs are found in time."""
    assert (insurance.code, insurance.complaint) == (0, ""), insurance.text[-4000:]
    assert insurance.text.endswith("partners have no SDK, the app has noticed nothing.\n")


def test_every_command_of_the_readme_says_what_it_shows(insurance: Played) -> None:
    """Given in this order by the story, each prints what stands below it, but for numbers and names."""
    told = iter(told_commands(insurance.text))

    for shown in shown_commands(README):
        given = next((each for each in told if each.command == shown.command), None)
        assert given is not None, f"the story gives no {shown.command}"
        assert (given.command, given.lines) == (shown.command, shown.lines)


def test_every_line_of_the_readme_is_told(insurance: Played) -> None:
    """What it shows of the story, the story tells, in this order; what takes a namespace only where one can be made."""
    told = iter(steady(insurance.text.splitlines()))
    played = namespaces_can_be_made()
    shown = [line for line in shown_lines(README) if played or not line.startswith(NAMED)]

    assert [line for line in shown if line not in told] == []


def test_what_was_not_played_is_said(insurance: Played) -> None:
    """A service moves by its name, or the story says that it did not."""
    assert ("not played" in insurance.text) is not namespaces_can_be_made()


def test_the_readme_of_all_has_its_figures(insurance: Played) -> None:
    """The table of all stories has those that this one ends with, in their order."""
    assert insurance.figures == figures_in_the_table("insurance") != ()
