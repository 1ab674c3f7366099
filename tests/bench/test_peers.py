"""Configurations: every proxy has every route, the ports that it was given, and the split by tenant."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.load.upstream import upstream_file
from bench.load.workload import Site, item_path, service, services
from bench.peers import PEERS, banyan, caddy, envoy, haproxy, nginx, traefik


def _site(routes: int = 1000) -> Site:
    return Site(folder=Path("/nowhere"), listen=8001, admin=9001, legacy=7001, new=7002, routes=routes)


def _haproxy(site: Site) -> str:
    return haproxy.haproxy_file(site) + haproxy.routes_map(site)


def _traefik(site: Site) -> str:
    return json.dumps(traefik.static_file(site)) + json.dumps(traefik.routes_file(site))


TEXTS: dict[str, Callable[[Site], str]] = {
    "banyan": banyan.routes_file,
    "nginx": nginx.nginx_file,
    "haproxy": _haproxy,
    "caddy": lambda site: json.dumps(caddy.caddy_file(site)),
    "envoy": lambda site: json.dumps(envoy.envoy_file(site)),
    "traefik": _traefik,
}


def test_every_peer_is_tested_here() -> None:
    """A proxy that is added to the comparison is added to these tests."""
    assert {peer.name for peer in PEERS} == set(TEXTS)


@pytest.mark.parametrize("name", TEXTS)
def test_a_thousand_routes_are_all_there(name: str) -> None:
    """The path of each of 1,000 routes stands in the configuration, and no further one."""
    text = TEXTS[name](_site())
    assert [each for each in services(_site()) if f"/{each}/" not in text] == []
    assert f"/{service(1000)}/" not in text


@pytest.mark.parametrize("name", TEXTS)
def test_all_four_ports_are_used(name: str) -> None:
    """Traffic, admin and both upstreams stand on the ports of the site."""
    text = TEXTS[name](_site(3))
    assert [port for port in ("8001", "9001", "7001", "7002") if port not in text] == []


@pytest.mark.parametrize("name", ["banyan", "nginx"])
def test_without_numbered_routes_everything_goes_to_legacy(name: str) -> None:
    """The configuration for bodies has one route that takes any path."""
    text = TEXTS[name](_site(0))
    assert "svc" not in text
    assert "legacy" in text


def test_names_and_paths_are_equally_long_for_any_number() -> None:
    """Ten routes and ten thousand are asked for with paths of the same length."""
    assert {len(service(number)) for number in (0, 9, 999, 9999)} == {7}
    assert item_path(7, 42) == "/svc0007/items/42"


def _depth(routes: list[dict[str, Any]]) -> int:
    """The longest list of matchers on any level."""
    inner = [handler for route in routes for handler in route["handle"] if handler["handler"] == "subroute"]
    return max(len(routes), *(_depth(handler["routes"]) for handler in inner), 0)


def test_caddy_tries_few_matchers_on_a_level() -> None:
    """A thousand routes are nested so that no level has more than ten, the 404 and the relay after it."""
    routes = caddy.caddy_file(_site())["apps"]["http"]["servers"]["web"]["routes"]
    assert _depth(routes) <= 12


def test_the_upstream_listens_for_both_sides() -> None:
    """One upstream process answers as legacy on one port and as new on the other."""
    text = upstream_file(Path("/nowhere"), 7001, 7002)
    assert "listen 127.0.0.1:7001" in text
    assert "listen 127.0.0.1:7002" in text
    assert "X-Served-By legacy" in text
    assert "X-Served-By new" in text
