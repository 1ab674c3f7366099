"""The loops that the data plane runs on: uvloop where it exists, and asyncio's own everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import uvloop

FACTORIES: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}
BOTH = pytest.mark.asyncio(loop_factories=list(FACTORIES))
"""A test that runs once on each; without it a test runs on uvloop."""
