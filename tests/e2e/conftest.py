"""What all tests of whole processes have."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands fold no sentence: what one looks for in it stands on one line."""
    monkeypatch.setenv("COLUMNS", "1000")
