"""`banyan example crm`: three phases, each with its way back, and what its README says of them."""

from __future__ import annotations

from tests.examples.conftest import ROOT, Played
from tests.examples.told import figures_in_the_table, shown_commands, shown_lines, steady, told_commands

README = (ROOT / "examples" / "crm" / "README.md").read_text(encoding="utf-8")


def test_the_story_holds(crm: Played) -> None:
    """All phases and their ways back: no client fails, planted bugs are found in time, the old service is killed."""
    assert (crm.code, crm.complaint) == (0, ""), crm.text[-4000:]
    assert crm.text.endswith("the customer service has moved, and nobody noticed.\n")


def test_every_command_of_the_readme_says_what_it_shows(crm: Played) -> None:
    """Given in this order by the story, each prints what stands below it, but for numbers and names."""
    told = iter(told_commands(crm.text))

    for shown in shown_commands(README):
        given = next((each for each in told if each.command == shown.command), None)
        assert given is not None, f"the story gives no {shown.command}"
        assert (given.command, given.lines) == (shown.command, shown.lines)


def test_every_line_of_the_readme_is_told(crm: Played) -> None:
    """What it shows of the story, the story tells, in this order."""
    told = iter(steady(crm.text.splitlines()))

    assert [line for line in shown_lines(README) if line not in told] == []


def test_each_missing_right_is_named(crm: Played) -> None:
    """All seven, one after the other, by the words that the probe has for each of them."""
    assert "7 of 7 rights were named" in crm.text


def test_the_readme_of_all_has_its_figures(crm: Played) -> None:
    """The table of all stories has those that this one ends with, in their order."""
    assert crm.figures == figures_in_the_table("crm") != ()
