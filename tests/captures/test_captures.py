"""The captures of docs/operations.md are what the commands print after a migration that is played for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.captures.blocks import PAGE, alike, captured, renewed
from tests.captures.migration import WIDTH, outputs


async def test_the_captures_are_the_output_of_their_commands(tmp_path: Path) -> None:
    """But for numbers, ids and moments. Each fits its terminal."""
    shown = captured(PAGE.read_text(encoding="utf-8"))
    now = await outputs(tmp_path, shown)

    assert {command: alike(output) for command, output in shown.items()} == {
        command: alike(output) for command, output in now.items()
    }
    assert {command.split()[1] for command in shown} >= {"status", "mismatches", "plan", "why", "history"}
    lines = [line for output in now.values() for line in output.splitlines()]
    assert max(map(len, lines)) <= WIDTH


def test_a_capture_is_renewed_where_it_stands() -> None:
    """What stands around the block stays, and what was written is what is read."""
    page = "a\n\n<!-- capture: banyan status -->\n\n```text\nold\n```\n\n<!-- /capture -->\n\nb\n"
    fresh = renewed(page, {"banyan status": "new\\1\n"})

    assert captured(page) == {"banyan status": "old\n"}
    assert fresh == page.replace("old", "new\\1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (
            "revision 0a1b2c3d4e5f at :80, 2026-01-01T00:00:00.000Z",
            "revision ffffffffffff at :9, 2027-01-01T00:00Z",
            True,
        ),
        ("a  12.5%   3", "a  1%  44", True),
        ("open  18s", "open  3m", True),
        ("the last 18 s, 1,440", "the last 1 min 2 s, 99", True),
        ("882f37b7c323f7a4516ff0cab37c8021", "00000000000000000000000000000000", True),
        ("a: one\n    two", "a:\n    one two", True),
        ("  a  open", "  a  met", False),
    ],
)
def test_what_varies_is_told_from_what_does_not(one: str, other: str, *, same: bool) -> None:
    """Numbers, ids and moments are alike whatever they are; words are not."""
    assert (alike(one) == alike(other)) is same
