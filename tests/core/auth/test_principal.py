from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from proxy.core.auth.principal import Principal


def test_nobody_changes_who_calls() -> None:
    """What was verified stays so, through all steps."""
    principal = Principal("members", "ada", "https://id", {"sub": "ada"}, 1e9)

    with pytest.raises(FrozenInstanceError):
        principal.subject = "ben"  # type: ignore[misc]
