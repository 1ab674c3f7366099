"""How failures of an upstream are met, as routes.yaml says it and as the data plane gets it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from proxy.config.blocks.upstream_blocks import AnyFallback, breaker_of, eject_of, fallback_of, health_of
from proxy.config.load import Loaded, load_text
from proxy.config.text.problem import Problem
from proxy.core.outcome import Side
from proxy.core.routing.route import Balance, BreakerPolicy, Eject, Endpoint, Fallback, Health, Trigger, Upstream
from tests.config.given_files import NOTHING

LEGACY = {"url": "http://legacy:3000"}


def load(upstream: Mapping[str, object], **route: object) -> Loaded | list[Problem]:
    """A table of one route and this upstream as legacy."""
    rest = {"name": "rest", "match": "/**", "stage": "legacy", **route}
    table = {"version": 1, "listen": ":8080", "upstreams": {"legacy": upstream, "new": LEGACY}, "routes": [rest]}
    return load_text(json.dumps(table), "routes.yaml", NOTHING)


def upstream_of(block: Mapping[str, object]) -> Upstream:
    """The upstream as it is built."""
    loaded = load(block)
    assert isinstance(loaded, Loaded), loaded
    return loaded.snapshot.upstreams["legacy"]


def test_what_is_not_said_has_safe_defaults() -> None:
    """An upstream of one url has a breaker, ejection and the retryless least; there is no fallback."""
    found = upstream_of(LEGACY)

    assert found.endpoints == (Endpoint("legacy", 3000),)
    assert (found.breaker, found.eject, found.balance) == (BreakerPolicy(), Eject(), Balance.LEAST_REQUEST)
    assert (breaker_of(None), eject_of(None), fallback_of(None), health_of(None)) == (
        BreakerPolicy(),
        Eject(),
        None,
        None,
    )


def test_endpoints_stand_in_the_order_of_the_file() -> None:
    """The first endpoint is the upstream's own name; the others follow."""
    found = upstream_of({"endpoints": ["http://b:1", "http://[::1]:2"], "balance": "round_robin", "slow_start": "0s"})

    assert [each.text for each in found.endpoints] == ["b:1", "[::1]:2"]
    assert (found.host, found.balance, found.slow_start) == ("b", Balance.ROUND_ROBIN, 0.0)


def test_breaker_ejection_and_health_are_what_the_blocks_say() -> None:
    """Each key of a block replaces its default, and the others stay."""
    found = upstream_of(
        {
            **LEGACY,
            "breaker": {"failures": 7, "count_5xx": True},
            "eject": {"base": "1s", "max_ejected": "25%"},
            "health": {"path": "/h", "unhealthy_after": 1},
        }
    )

    assert found.breaker == BreakerPolicy(failures=7, count_5xx=True)
    assert found.eject == Eject(base=1.0, max_ejected=0.25)
    assert found.health == Health(path="/h", unhealthy_after=1)


def test_both_can_be_switched_off() -> None:
    """`enabled: false` leaves neither breaker nor ejection, whatever else the block says; `true` changes nothing."""
    found = upstream_of({**LEGACY, "breaker": {"enabled": False, "failures": 1}, "eject": {"enabled": False}})

    assert (found.breaker, found.eject) == (None, None)
    assert upstream_of({**LEGACY, "breaker": {"enabled": True}}).breaker == BreakerPolicy()


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
    loaded = load(LEGACY, fallback=said)

    assert isinstance(loaded, Loaded), loaded
    assert loaded.snapshot.routes[0].fallback == meant


@pytest.mark.parametrize(
    ("block", "word"),
    [
        ({"endpoints": []}, "endpoints: is missing"),
        ({"endpoints": ["http://a", "https://a"]}, "another scheme"),
        ({"endpoints": ["http://a", "http://a:80"]}, "stands twice"),
        ({"endpoints": ["http://a"], **LEGACY}, "exclude each other"),
        ({}, "url: is missing"),
        ({**LEGACY, "breaker": {"probes": 4}}, "between 1 and 3"),
        ({**LEGACY, "breaker": {"enabled": "no"}}, "true or false"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_write(block: dict[str, object], word: str) -> None:
    """One mistake, one problem, at its place."""
    found = load(block)

    assert not isinstance(found, Loaded)
    assert [word in str(each) for each in found] == [True], found


def test_fallback_has_a_schema_for_editors() -> None:
    """Editors know both forms."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(AnyFallback).json_schema(mode="validation")

    assert "legacy" in json.dumps(schema)
    assert "after" in json.dumps(schema)
