"""`banyan example payid`: its phases, each with its way back, and what its README says of them."""

from __future__ import annotations

import re

from tests.examples.conftest import ROOT, Played
from tests.examples.told import figures_in_the_table, shown_commands, shown_lines, steady, told_commands

README = (ROOT / "examples" / "payid" / "README.md").read_text(encoding="utf-8")


def test_the_story_holds(payid: Played) -> None:
    """All phases and their ways back: no client fails, planted bugs are found in time, nothing secret is kept."""
    assert (payid.code, payid.complaint) == (0, ""), payid.text[-4000:]
    assert payid.text.endswith("clients were changed when they were ready, and nobody has seen a card.\n")


def test_every_command_of_the_readme_says_what_it_shows(payid: Played) -> None:
    """Given in this order by the story, each prints what stands below it, but for numbers and names."""
    told = iter(told_commands(payid.text))

    for shown in shown_commands(README):
        given = next((each for each in told if each.command == shown.command), None)
        assert given is not None, f"the story gives no {shown.command}"
        assert (given.command, given.lines) == (shown.command, shown.lines)


def test_every_line_of_the_readme_is_told(payid: Played) -> None:
    """What it shows of the story, the story tells, in this order."""
    told = iter(steady(payid.text.splitlines()))

    assert [line for line in shown_lines(README) if line not in told] == []


def test_each_account_gets_one_mail(payid: Played) -> None:
    """Whatever happened while it was registered."""
    told = re.findall(r"  mails  (\w+): (\d+) accounts.*; wrong numbers of mails: (\d+)", payid.text)

    assert [name for name, _, _ in told] == ["before", "shadow", "retry", "fallback", "rollback"]
    assert all(int(accounts) > 0 and wrong == "0" for _, accounts, wrong in told)


def test_no_secret_is_found(payid: Played) -> None:
    """In any of the five places; and there were some to be found."""
    found = re.search(r"search (\d+) secrets and (\d+) CVCs, found in: (.*)", payid.text)

    assert found
    assert int(found[1]) > 100
    assert int(found[2]) > 10
    assert found[3] == "files 0, tables 0, API 0, console 0, log 0"


def test_the_readme_of_all_has_its_figures(payid: Played) -> None:
    """The table of all stories has those that this one ends with, in their order."""
    assert payid.figures == figures_in_the_table("payid") != ()
