"""`banyan example todock`: its phases, each with its way back, and what its README says of them."""

from __future__ import annotations

import re

from tests.examples.conftest import ROOT, Played
from tests.examples.told import figures_in_the_table, shown_commands, shown_lines, steady, told_commands

README = (ROOT / "examples" / "todock" / "README.md").read_text(encoding="utf-8")


def test_the_story_holds(todock: Played) -> None:
    """All phases and their ways back: no client fails, both planted bugs are found in time, both stores agree."""
    assert (todock.code, todock.complaint) == (0, ""), todock.text[-4000:]
    assert todock.text.endswith("the server may die, and members order on.\n")


def test_every_command_of_the_readme_says_what_it_shows(todock: Played) -> None:
    """Given in this order by the story, each prints what stands below it, but for numbers and names."""
    told = iter(told_commands(todock.text))

    for shown in shown_commands(README):
        given = next((each for each in told if each.command == shown.command), None)
        assert given is not None, f"the story gives no {shown.command}"
        assert (given.command, given.lines) == (shown.command, shown.lines)


def test_every_line_of_the_readme_is_told(todock: Played) -> None:
    """What it shows of the story, the story tells, in this order."""
    told = iter(steady(todock.text.splitlines()))

    assert [line for line in shown_lines(README) if line not in told] == []


def test_the_death_of_the_server_takes_orders_alone(todock: Played) -> None:
    """Through Banyan login and all but orders go on; where clients asked before, nothing does."""
    with_routes = re.search(
        r"alive  through Banyan (\d+)% of \d+ requests: card, history, invoice, login, points", todock.text
    )
    without = re.search(r"alive  without Banyan's routes (\d+)% of", todock.text)

    assert with_routes
    assert without
    assert (int(with_routes[1]) > 30, without[1]) == (True, "0")


def test_at_the_end_nobody_needs_the_server(todock: Played) -> None:
    """It is killed once more, and every request is answered."""
    *_, last = re.findall(r"alive  through Banyan (\d+)%", todock.text)

    assert last == "100"
    assert "needs  3: 0% of the requests of clients were answered by legacy" in todock.text


def test_the_readme_of_all_has_its_figures(todock: Played) -> None:
    """The table of all stories has those that this one ends with, in their order."""
    assert todock.figures == figures_in_the_table("todock") != ()
