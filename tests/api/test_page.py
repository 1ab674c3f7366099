"""docs/api.md says what the shapes say."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from proxy.api.__main__ import page, sentences, shapes
from proxy.api.view import View

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_page_is_current() -> None:
    """Nobody has changed a shape without printing the page anew (`python -m proxy.api > docs/api.md`)."""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("kind", shapes(), ids=lambda kind: kind.__name__)
def test_every_field_has_a_sentence(kind: type[View]) -> None:
    """Each field of each shape says what it is, in a sentence below it."""
    assert [each.name for each in msgspec.structs.fields(kind) if not sentences(kind).get(each.name)] == []
