"""A provider that ends with its test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.callers.id_provider import IdProvider


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[IdProvider]:
    made = IdProvider(tmp_path)
    yield made
    made.stop()
