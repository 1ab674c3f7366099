"""An issuer that answers, and a handler that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.clerk.introspection.issuers import Asking, Issuer


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = await Issuer(tokens={"good": {"active": True, "sub": "partner-1", "exp": 1_000_100}}).start()
    yield made
    await made.stop()


@pytest.fixture
async def asking(issuer: Issuer) -> AsyncIterator[Asking]:
    made = Asking(issuer)
    yield made
    await made.handler.end()
