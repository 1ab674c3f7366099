"""Giving a provider's tokens to one system for good: what it is known to hold, and what is left to hand over."""

from __future__ import annotations

from pathlib import Path

from tests.clerk.grants.provider import Provider
from tests.clerk.grants.scenes import release


async def test_a_release_proves_who_holds_what(database: str, provider: Provider, tmp_path: Path) -> None:
    """A tenth of the answers never arrive; two sweeps later the heir has shown every current token but those."""
    assert await release(database, provider, tmp_path, 20) == (2, 20)
