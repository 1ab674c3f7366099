from __future__ import annotations

import pytest

from proxy.core.routing.hook import Hook
from proxy.core.secret import Secret


@pytest.mark.parametrize("rest", ["", "/in/token", "?token=1", "/in?token=1"])
def test_a_hook_shows_scheme_and_host_alone(rest: str) -> None:
    """A path or a query may hold a token."""
    assert Hook(url=Secret(f"https://hooks.example.com:8443{rest}")).shown == "https://hooks.example.com:8443"
