from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from proxy.core.auth.principal import Principal, client_of


def test_nobody_changes_who_calls() -> None:
    """What was verified stays so, through all steps."""
    principal = Principal("members", "ada", "https://id", {"sub": "ada"}, 1e9)

    with pytest.raises(FrozenInstanceError):
        principal.subject = "ben"  # type: ignore[misc]


def test_a_caller_is_the_client_of_its_token() -> None:
    """By `client_id`, else `azp`, else the subject; what is no name is none."""
    said: tuple[dict[str, object], ...] = (
        {"client_id": "app", "azp": "b"},
        {"client_id": "", "azp": "shop"},
        {"azp": 7},
        {},
    )
    found = [client_of(Principal("members", "ada", "https://id", claims, 2e9)) for claims in said]

    assert found == ["app", "shop", "ada", "ada"]
