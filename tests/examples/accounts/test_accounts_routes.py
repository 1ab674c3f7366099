"""The example's routes.yaml, and the edits that the story makes in it."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from examples.stage.operator import own_copy
from tests.examples.conftest import ROOT, banyan

EXAMPLE = ROOT / "examples" / "accounts"
VARIABLES = {
    **dict.fromkeys(("ACCOUNTS_BANYAN", "ACCOUNTS_ADMIN"), "0"),
    **{f"ACCOUNTS_{name}": str(7000 + at) for at, name in enumerate(("CARD", "SERVICE", "AGGREGATOR"))},
    "ACCOUNTS_BANYAN": "7010",
    "ACCOUNTS_ADMIN": "7011",
    "ACCOUNTS_STATE": "postgresql://postgres@/banyan?host=/tmp",
    "ACCOUNTS_CARD_READER": "postgresql://reader@/postgres?host=/tmp/card",
    "ACCOUNTS_SERVICE_READER": "postgresql://reader@/postgres?host=/tmp/service",
    "GRANTS_HASH_KEY": secrets.token_hex(32),
}


def test_the_file_is_one_that_banyan_takes(tmp_path: Path) -> None:
    """`banyan check` has no objection, with the variables that the story sets."""
    (tmp_path / "data.key").write_text(secrets.token_hex(32))
    file = own_copy(EXAMPLE, tmp_path).path
    played = banyan("check", str(file), **VARIABLES)

    assert played.code == 0, played.text + played.complaint


def test_an_edit_changes_its_lines_alone(tmp_path: Path) -> None:
    """A value is changed, a line put in and taken out, and the edit back leaves the file as it was."""
    routes = own_copy(EXAMPLE, tmp_path)
    before = routes.path.read_text()
    there = routes.set("auth", stage="canary", split="10%")
    lines = routes.path.read_text().splitlines()
    at = lines.index("    stage: canary")
    back = routes.set("auth", stage="legacy", split="")

    assert there == [f"line {at + 1}: stage: legacy → canary", f"line {at + 2}: split: 10% added"]
    assert lines[at - 2 : at + 2] == ["  - name: auth", "    match: GET /auth", "    stage: canary", "    split: 10%"]
    assert back == [f"line {at + 1}: stage: canary → legacy", f"line {at + 2}: split: 10% taken out"]
    assert routes.path.read_text() == before


def test_an_edit_that_changes_nothing_says_nothing(tmp_path: Path) -> None:
    """The file stays, and nobody waits for another revision."""
    assert own_copy(EXAMPLE, tmp_path).set("auth", stage="legacy", split="") == []


def test_a_route_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """No edit goes elsewhere."""
    with pytest.raises(ValueError, match="name: nowhere"):
        own_copy(EXAMPLE, tmp_path).set("nowhere", stage="live")
