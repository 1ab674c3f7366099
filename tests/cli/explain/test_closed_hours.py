"""What `explain` says of closed hours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Banyan
from tests.cli.explain.test_explain import ROUTES, unfolded


@pytest.mark.parametrize(
    ("more", "first", "said"),
    [
        ("", "GET /x → refused with 503", "legacy is closed until 2999-01-01T00:00:00Z (batch)"),
        (
            "\n    fallback: new",
            "GET /x → legacy, http://legacy.internal:3000",
            "legacy is closed until 2999-01-01T00:00:00Z (batch): the other side steps in",
        ),
    ],
)
def test_a_side_that_is_closed_is_told(banyan: Banyan, folder: Path, more: str, first: str, said: str) -> None:
    """Until when and by which window, and who answers instead."""
    closed = '{ name: batch, start: "2020-01-01T00:00Z", end: "2999-01-01T00:00Z", answer: 503 }'
    text = ROUTES.replace(':3000" }', f':3000", windows: [{closed}] }}') + "    " + more.lstrip("\n ") + "\n"
    (folder / "routes.yaml").write_text(text, encoding="utf-8")
    result = banyan("explain", "GET", "/x")

    assert result.stdout.startswith(first)
    assert said in unfolded(result.stdout)
