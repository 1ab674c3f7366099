from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter

from proxy.config.blocks.fallback import AnyFallback
from proxy.config.load import Loaded, load_text
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


def remarks(*routes: str) -> list[str]:
    found = load_text(with_routes(*routes), "routes.yaml", {})
    assert isinstance(found, Loaded), "\n".join(map(str, found))
    return [each for each in found.remarks if "fallback" in each]


def test_routes_that_a_dead_new_would_leave_without_an_answer_are_told_in_one_line() -> None:
    """Those that new answers somebody and legacy could; that is no warning."""
    bare = ("name: a, match: /a, stage: live", "name: b, match: /b, stage: canary, split: 1%")
    others = (
        "name: c, match: /c, stage: live, fallback: legacy",
        "name: d, match: /d, stage: shadow",
        "name: e, match: /e, stage: complete",
        "name: f, match: /f, respond: {status: 403}",
    )

    assert remarks(*others) == []
    (found,) = remarks(*others, *bare)
    assert found == (
        "routes.yaml:11:33: routes[4].stage: new answers a, and 1 more: while it is down, clients get errors until the "
        "judge has gone back; with fallback: legacy they get legacy's answers"
    )
    assert ["new answers b: " in each for each in remarks(*others, bare[1])] == [True]


def test_a_legacy_that_is_asked_though_its_migration_is_complete_is_told_in_one_line() -> None:
    """Whoever ends it learns of it now; a route that legacy may answer, or that it does not step in for, is none."""
    late = [f"name: {each}, match: /{each}, stage: complete, fallback: legacy" for each in "bc"]
    (found,) = remarks("name: a, match: /a, stage: live, fallback: legacy", *late)

    assert "new alone answers b, and 1 more, but where it fails legacy is asked" in found
    assert "and 1 more" not in remarks(late[0])[0]


def test_fallback_has_a_schema_for_editors() -> None:
    """Editors know both forms."""
    schema = TypeAdapter(AnyFallback).json_schema(mode="validation")

    assert "legacy" in json.dumps(schema)
    assert "after" in json.dumps(schema)
