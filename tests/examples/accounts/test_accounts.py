"""`banyan example accounts`: three phases, each with its way back, and what its README says of them."""

from __future__ import annotations

from tests.examples.conftest import ROOT, Played
from tests.examples.told import figures_in_the_table, shown_commands, shown_lines, steady, told_commands

README = (ROOT / "examples" / "accounts" / "README.md").read_text(encoding="utf-8")


def test_the_story_holds(accounts: Played) -> None:
    """All three phases and their ways back: nobody consents again, no client fails, both stores agree."""
    assert (accounts.code, accounts.complaint) == (0, ""), accounts.text[-4000:]
    assert accounts.text.endswith("nobody had to consent again, and nobody noticed.\n")


def test_every_command_of_the_readme_says_what_it_shows(accounts: Played) -> None:
    """Given in this order by the story, each prints what stands below it, but for numbers and names."""
    told = iter(told_commands(accounts.text))

    for shown in shown_commands(README):
        given = next((each for each in told if each.command == shown.command), None)
        assert given is not None, f"the story gives no {shown.command}"
        assert (given.command, given.lines) == (shown.command, shown.lines)


def test_every_line_of_the_readme_is_told(accounts: Played) -> None:
    """What it shows of the story, the story tells, in this order."""
    told = iter(steady(accounts.text.splitlines()))

    assert [line for line in shown_lines(README) if line not in told] == []


def test_the_first_use_of_a_token_is_one_call(accounts: Played) -> None:
    """Two hundred uses of one token at once, by both systems, reach the aggregator once."""
    assert "half of them by each system: 1 call of the aggregator, 1 token for all" in accounts.text


def test_the_readme_of_all_has_its_figures(accounts: Played) -> None:
    """The table of all stories has those that this one ends with, in their order."""
    assert accounts.figures == figures_in_the_table("accounts") != ()
