from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter

from proxy.config.blocks.fallback import AnyFallback
from proxy.core.outcome import Side
from proxy.core.routing.route import Fallback, Trigger
from tests.config.given_files import FILE, snapshot, with_routes


def test_without_the_key_there_is_no_fallback() -> None:
    """Nobody steps in unless the file says so."""
    assert snapshot(FILE).routes[0].fallback is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("legacy", Fallback(to=Side.LEGACY)),
        ("other", Fallback(to=None)),
        (
            {"to": "new", "after": ["connect", "5xx"]},
            Fallback(to=Side.NEW, after=frozenset({Trigger.CONNECT, Trigger.STATUS})),
        ),
    ],
)
def test_fallback_is_a_side_or_a_mapping(said: object, meant: Fallback) -> None:
    """A side alone falls back after no connection and after a break; the mapping says after what."""
    found = snapshot(with_routes(f"name: a, match: /a, stage: legacy, fallback: {json.dumps(said)}"))

    assert found.routes[0].fallback == meant


def test_fallback_has_a_schema_for_editors() -> None:
    """Editors know both forms."""
    schema = TypeAdapter(AnyFallback).json_schema(mode="validation")

    assert "legacy" in json.dumps(schema)
    assert "after" in json.dumps(schema)
