"""A screen of a hundred columns, wherever the tests run."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As wide as the pages of docs/operations.md."""
    monkeypatch.setenv("COLUMNS", "100")
