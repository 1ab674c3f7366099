"""The exit codes mean the same in every command (docs/operations.md, "Status")."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.cli.help_text import FINE, FOUND, UNANSWERED, UNUSABLE
from proxy.cli.main import COMMANDS
from tests.cli.conftest import Banyan
from tests.cli.listening import listening

COMPARING = {"mismatches", "replay", "reconcile"}
"""Those whose 1 says that the sides differ."""
DOCS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_fourth_code_is_of_those_that_compare(name: str) -> None:
    """Where 1 says that the sides differ, 3 says that nothing is known of it; no other command has it."""
    codes = set(COMMANDS[name][1].exits)

    assert codes <= {FINE, FOUND, UNUSABLE, UNANSWERED}
    assert (UNANSWERED in codes) is (name in COMPARING)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        *[(f"{each} none", FOUND) for each in ("history", "recent", "noise", "epoch", "promote", "hold", "drain")],
        ("status --route none", FOUND),
        ("pin none t1 --to new", FOUND),
        ("accept none 3f --reason r --owner o --until 2999-01-01", FOUND),
        ("mismatches none", UNANSWERED),
        ("replay orders.show", UNANSWERED),
        ("replay none", UNUSABLE),
    ],
)
def test_a_route_that_is_not_there_has_one_code(banyan: Banyan, asked: str, code: int) -> None:
    """1 where it is asked of a Banyan, 2 where a file that was given has none, 3 of those whose 1 says something else;
    and the same where nothing answers.
    """
    with listening({}) as admin:
        absent = banyan(f"{asked} --admin {admin.url}")
    gone = banyan(f"{asked} --admin {admin.url}")

    assert (absent.exit_code, gone.exit_code) == (code, code), absent.stderr


def test_the_page_names_those_that_have_a_code_of_their_own() -> None:
    """As the commands have it."""
    row = next(line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| 3 | of "))

    assert {name for name in COMMANDS if f"`{name}`" in row} == COMPARING
