"""A source that answers, and a watch of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.control.key_sets.sources import Source, Watched, jwks


@pytest.fixture
async def source() -> AsyncIterator[Source]:
    made = await Source(body=jwks("one")).start()
    yield made
    await made.stop()


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    made = Watched(tmp_path)
    yield made
    await made.close()
