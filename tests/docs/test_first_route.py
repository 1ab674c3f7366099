"""docs/first-route.md leads from nothing to a route at `live`, command by command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.docs.walkthrough import ELSEWHERE, PAGE, Given, play, steady, steps

TEXT = PAGE.read_text(encoding="utf-8")


def says_as_shown(step: Given) -> Callable[[str], bool]:
    """Whether what a command says is what the page shows below it."""
    return lambda said: steady(said) == steady(step.shown)


def test_every_command_says_what_the_page_says(tmp_path: Path) -> None:
    """Played as it stands, with real services: each command's output is the page's, but for numbers, ids and names."""
    for step, said in play(TEXT, tmp_path, says_as_shown):
        assert (step.command, steady(said)) == (step.command, steady(step.shown))


def test_it_ends_at_live_without_a_token_set() -> None:
    """The page brings the route to `live`, gives an order, and nowhere sets what Banyan makes by itself."""
    commands = [step for step in steps(TEXT) if isinstance(step, Given)]

    assert any(" live" in step.shown for step in commands if step.command == "banyan status")
    assert any(step.command.startswith("banyan epoch orders.show --begin") for step in commands)
    assert "BANYAN_ADMIN_TOKEN" not in TEXT
    assert [step.command for step in commands if step.command.startswith(ELSEWHERE)] == ["pip install banyan-proxy"]
