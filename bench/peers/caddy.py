"""Caddy: one core for Go; a `path` matcher per route in exclusive groups (what `handle` compiles to), JSON log.

Caddy tries matchers in order, so they are nested: a thousand in a row would cost more than all the rest of its work.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

from bench.load.workload import TENANT_HEADER, Site, services
from bench.peers.peer import Peer
from bench.processes import Launch, find_program, version_after

ADVICE = "apt-get install caddy"

UNKNOWN = {"group": "one", "handle": [{"handler": "static_response", "status_code": 404}], "terminal": True}


def caddy_file(site: Site) -> dict[str, Any]:
    """Caddy's own JSON. One `reverse_proxy` after the matchers, so that all routes share its idle connections."""
    server = {
        "listen": [f"127.0.0.1:{site.listen}"],
        "automatic_https": {"disable": True},
        "protocols": ["h1"],
        "idle_timeout": "600s",
        "routes": [*_nested(services(site), len("svc0")), {"handle": [_relay(site)]}],
        "logs": {"default_logger_name": "lines"},
        "metrics": {},
    }
    return {
        "admin": {"listen": f"127.0.0.1:{site.admin}"},
        "logging": {
            "logs": {
                "default": {"level": "ERROR"},
                "lines": {
                    "writer": {"output": "file", "filename": str(site.log), "roll": False},
                    "encoder": {"format": "json"},
                    "include": ["http.log.access.lines"],
                },
            }
        },
        "apps": {"http": {"servers": {"web": server}}},
    }


def _nested(names: Sequence[str], depth: int) -> list[dict[str, Any]]:
    """Matchers for these names, nested one digit at a time, so that none has more than ten to try on a level."""
    if depth == len(names[0]):
        return [*(_choice(f"/{name}/*", {"handler": "vars", "route": name}) for name in names), UNKNOWN]
    parts = itertools.groupby(names, lambda name: name[:depth])
    nested = [(start, _nested(list(part), depth + 1)) for start, part in parts]
    return [*(_choice(f"/{start}*", {"handler": "subroute", "routes": routes}) for start, routes in nested), UNKNOWN]


def _choice(path: str, handler: dict[str, Any]) -> dict[str, Any]:
    return {"group": "one", "match": [{"path": [path]}], "handle": [handler]}


def _relay(site: Site) -> dict[str, Any]:
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"127.0.0.1:{port}"} for port in (site.legacy, site.new)],
        "load_balancing": {"selection_policy": {"policy": "header", "field": TENANT_HEADER}},
        "transport": {"protocol": "http", "keep_alive": {"max_idle_conns_per_host": 128}, "versions": ["1.1"]},
    }


def launch(site: Site) -> Launch:
    """Writes the configuration and says how to start."""
    program = find_program("caddy", ADVICE)
    file = site.folder / "caddy.json"
    file.write_text(json.dumps(caddy_file(site)))
    return Launch(
        label="caddy",
        argv=(program, "run", "--config", str(file)),
        folder=site.folder,
        output=site.folder / "stdout.txt",
        port=site.listen,
        ready=(f"http://127.0.0.1:{site.admin}/metrics", site.first),
        env={"GOMAXPROCS": "1", "HOME": str(site.folder), "XDG_CONFIG_HOME": str(site.folder)},
    )


def version() -> str:
    """The installed version."""
    return version_after((find_program("caddy", ADVICE), "version"), "").removeprefix("v")


PEER = Peer(
    name="caddy",
    launch=launch,
    version=version,
    metrics="/metrics",
    lookup="path matchers, nested by digit",
    split="`lb_policy header` (equal shares only)",
)
