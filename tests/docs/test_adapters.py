"""docs/adapters.md: its commands are played, and each of its steps is done."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from proxy.config.load import Loaded, load_text
from proxy.core.translation.adapter_policy import adapter_of
from proxy.core.translation.body_steps import translate_body
from tests.docs.test_first_route import says_as_shown
from tests.docs.walkthrough import ROOT, play, steady

TEXT = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\{.*\})` \| `(.*)` \| `(.*)` \|$", TEXT, re.MULTILINE)


def test_every_command_says_what_the_page_says(tmp_path: Path) -> None:
    """Played as it stands, with both systems."""
    for step, said in play(TEXT, tmp_path, says_as_shown):
        assert (step.command, steady(said)) == (step.command, steady(step.shown))


@pytest.mark.parametrize(("step", "before", "after"), ROWS)
def test_a_step_does_what_its_row_says(step: str, before: str, after: str) -> None:
    """As it is written in routes.yaml, on the body before it."""
    text = (
        'version: 1\nlisten: ":0"\nupstreams: { legacy: { url: "http://a" }, new: { url: "http://b" } }\n'
        f"adapters:\n  a:\n    speaks: legacy\n    answer:\n      - {step}\n"
        "routes: [{ name: a, match: /**, stage: shadow, effects: safe, adapter: a }]\n"
    )
    found = load_text(text, "routes.yaml", {})
    assert isinstance(found, Loaded), found
    adapter = adapter_of(found.snapshot.routes[0].steps)
    assert adapter is not None

    assert translate_body(before.encode(), adapter.answer).decode() == after
    json.loads(before)


def test_every_row_is_done() -> None:
    """None of the table of steps escapes."""
    assert len(ROWS) == TEXT.count("\n| `{ ") > 10
